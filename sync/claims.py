"""What an OpenID Connect application may learn of a person, and whether it may now."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class DirectoryValidator(OAuth2Validator):  # type: ignore[misc]
    """The toolkit's validator, over the directory."""
