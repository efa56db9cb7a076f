"""Config as code: an IdP as a TOML file, and such a file applied to an IdP.

`reading` makes a Document of the bytes, `wanted` judges it with the wizard's own forms
and says what would change, `applying` tests and saves; `writing` goes the other way.
"""
