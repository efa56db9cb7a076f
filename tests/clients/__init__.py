"""Real clients of the logon: Apache with mod_auth_openidc, and one built with Authlib."""
