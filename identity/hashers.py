"""How secrets of applications are kept."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class RandomSecretHasher(PBKDF2PasswordHasher):
    """For secrets that we made ourselves, of 128 random characters: nobody guesses one,
    and one is checked at every call, so that a password's 0.4 s would only cost time."""

    algorithm = "pbkdf2_sha256_random"
    iterations = 1000
