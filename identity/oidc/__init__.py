"""The OpenID Connect provider: the rules that django-oauth-toolkit leaves to us."""
