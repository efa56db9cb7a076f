"""Debian's Apache with mod_auth_openidc, in a folder and on a port of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running.site import wait_for

PROGRAM = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("authn_core", "authz_core", "authz_user", "mime", "include", "filter")
SECRET_PAGE = "Only for employees."

CONFIG = """
ServerRoot {folder}
ServerName 127.0.0.1
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
LogLevel warn
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
{loaded}
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
DocumentRoot {folder}/pages

TypesConfig /dev/null
AddDefaultCharset UTF-8

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret "{client_secret}"
OIDCRedirectURI {base}/protected/redirect_uri
OIDCCryptoPassphrase "{client_secret}"
OIDCResponseType code
OIDCScope "openid profile org"
OIDCPKCEMethod S256
OIDCSessionType server-cache
OIDCRemoteUserClaim name

<Directory {folder}/pages>
  Options +Includes
  AddType text/html .shtml
  AddOutputFilter INCLUDES .shtml
  Require all granted
</Directory>
<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>
"""


class Apache:
    """A protected page at `page`; its callback and logout addresses are to be registered."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self.base = f"http://127.0.0.1:{port}"
        self.page = f"{self.base}/protected/page.shtml"
        self.redirect_uri = f"{self.base}/protected/redirect_uri"
        self.logout_uri = f"{self.redirect_uri}?logout=backchannel"

    @property
    def log(self) -> str:
        """The end of what it has complained about."""
        log = self._folder / "error.log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    def write(self, issuer: str, client_id: str, client_secret: str) -> Path:
        """Its page and its configuration; where that lies."""
        pages = self._folder / "pages" / "protected"
        pages.mkdir(parents=True)
        page = f'{SECRET_PAGE} Hello <!--#echo encoding="none" var="REMOTE_USER" -->\n'
        (pages / "page.shtml").write_text(page)
        # It drops root's rights, and would read nothing of a private folder.
        for each in (self._folder, pages.parent, pages):
            each.chmod(0o755)
        config = self._folder / "apache.conf"
        loaded = "\n".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED
        )
        config.write_text(
            CONFIG.format(
                folder=self._folder,
                port=self._port,
                modules=MODULES,
                loaded=loaded,
                issuer=issuer,
                base=self.base,
                client_id=client_id,
                client_secret=client_secret,
            )
        )
        return config

    @contextmanager
    def running(self, config: Path) -> Iterator[None]:
        """From its start to its end."""
        process = subprocess.Popen(
            [PROGRAM, "-f", config, "-DFOREGROUND"], start_new_session=True
        )
        try:
            wait_for(self._port)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


def missing() -> list[str]:
    """Debian's packages that are not there."""
    module = MODULES / "mod_auth_openidc.so"
    packages = {"apache2-bin": PROGRAM, "libapache2-mod-auth-openidc": module}
    return [name for name, path in packages.items() if not path.exists()]
