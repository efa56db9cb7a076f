"""DingTalk's logon: its page, and who is behind the code that comes back from it.

https://open.dingtalk.com/document/development/obtain-identity-credentials
"""
