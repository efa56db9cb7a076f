"""Every setting, from the environment, with a default that works on a laptop.

README.md lists each name once; tests/test_docs.py holds the two together.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.utils.translation import gettext_lazy as _

from sasebridge.secrets import laptop_secret

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- where things are ---
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
HTTPS = PUBLIC_URL.startswith("https://")
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- database ---
_sqlite_url = f"sqlite:///{DATA_DIR / 'sasebridge.sqlite3'}"
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=_sqlite_url)
}
_database = DATABASES["default"]
ON_SQLITE = _database["ENGINE"] == "django.db.backends.sqlite3"
if ON_SQLITE:
    # Ours alone: the file holds a company's people.
    Path(_database["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # IMMEDIATE and WAL: measured, without them concurrent read-then-write loses updates.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # Tests need a file: threads of a sync open connections of their own.
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- secrets: generated only for the laptop's SQLite default ---
_laptop = DATA_DIR if ON_SQLITE else None
SECRET_KEY = env.str("SECRET_KEY", default="") or laptop_secret(_laptop, "SECRET_KEY")
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=[]) or [
    laptop_secret(_laptop, "ENCRYPTION_KEYS")
]
LOST_KEYS: list[str] = env.list("LOST_KEYS", default=[])

# --- DingTalk ---
DINGTALK_OAPI_URL = env.str("DINGTALK_OAPI_URL", default="https://oapi.dingtalk.com")
DINGTALK_API_URL = env.str("DINGTALK_API_URL", default="https://api.dingtalk.com")
DINGTALK_LOGIN_URL = env.str("DINGTALK_LOGIN_URL", default="https://login.dingtalk.com")
# Calls a second per app and API path; 20 is the standard edition's limit, 0 is unpaced.
DINGTALK_RATE = env.float("DINGTALK_RATE", default=20.0)
# Seconds before a failed call is repeated for the first time; tests make it short.
DINGTALK_RETRY_BASE = 1.0
# Seconds that a connection, a silence, and a call as a whole may last.
DINGTALK_TIMEOUTS = (3.0, 10.0, 20.0)
# Seconds between the pings on a stream connection, and until one must be answered.
DINGTALK_STREAM_PING = (20.0, 20.0)
# Seconds after which a run is ended. 50,000 people with details are 45 minutes.
SYNC_LONGEST_RUN = 7200.0
# Seconds that one request spends on deleting an IdP; more of it takes another request.
REMOVAL_SECONDS = 20.0
# Dotted path of a requests adapter factory; empty means the network. Tests use it.
DINGTALK_TRANSPORT = ""

# --- applications ---
INSTALLED_APPS = [
    # First, so that identity.admin can take their pages away: those show keys, and make
    # applications and tokens past our rules.
    "oauth2_provider",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "sasebridge",
    "sync",
    "identity",
    "identity.connectors.dingtalk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "axes",
]
MIDDLEWARE = [
    "sasebridge.middleware.address_behind_proxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sasebridge.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "identity.middleware.open_sessions",
    "django_otp.middleware.OTPMiddleware",
    "identity.middleware.second_factor_first",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "sasebridge.urls"
WSGI_APPLICATION = "sasebridge.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sasebridge.console.frame.frame",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- people ---
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses whom it has locked out
    "django.contrib.auth.backends.ModelBackend",
    "sync.accounts.DirectoryBackend",
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "identity.hashers.RandomSecretHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- cookies: __Host- and Secure on https; plain names so that loopback http works ---
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}sasebridge_session"
CSRF_COOKIE_NAME = f"{_prefix}sasebridge_csrf"
LANGUAGE_COOKIE_NAME = "sasebridge_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Lax, not Strict: Strict drops the session on the way back from DingTalk's page.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 24 * 3600  # our own rows end a session, and can say why
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Believed of a stated proxy only: without one anybody could send it.
_proxy = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_PROXY_SSL_HEADER = _proxy if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = HTTPS and TRUSTED_PROXIES > 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^events/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

KNOWN_BROWSER_COOKIE = f"{_prefix}sasebridge_known"

# --- guesses at the console's passwords: identity.guessing has the other limits ---
AXES_ENABLED = AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "identity.guessing.ConsoleHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=1)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "identity.guessing.counted_as"
AXES_CLIENT_IP_CALLABLE = "identity.guessing.address_of"
AXES_LOCKOUT_CALLABLE = "identity.views.accounts.locked"
AXES_SENSITIVE_PARAMETERS = ["username", "password", "next", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it
AXES_ENABLE_ADMIN = False
# It would begin the output of each command, also of those that print JSON.
AXES_VERBOSE = False

REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=False)

# --- how long a session lasts: without a request, and at all ---
CONSOLE_SESSION = (timedelta(minutes=30), timedelta(hours=12))
EMPLOYEE_SESSION = (
    timedelta(hours=env.int("EMPLOYEE_IDLE_HOURS", default=8)),
    timedelta(hours=env.int("EMPLOYEE_SESSION_HOURS", default=24)),
)

# --- OIDC provider; tokens are worth what their session is worth ---
OAUTH2_PROVIDER_APPLICATION_MODEL = "identity.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "identity.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "identity.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "identity.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "identity.IDToken"
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "sync.claims.DirectoryValidator",
    "CLIENT_SECRET_HASHER": "pbkdf2_sha256_random",
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": f"{PUBLIC_URL}/o",
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "SCOPES": {
        "openid": _("Who you are"),
        "profile": _("Your name"),
        "email": _("Your e-mail address"),
        "phone": _("Your mobile number"),
        "org": _("Your departments, title, job number, manager, and further fields"),
    },
    "DEFAULT_SCOPES": ["openid"],
    "PKCE_REQUIRED": True,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 300,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
    # Only how long without a use: at the latest it ends with its session.
    "REFRESH_TOKEN_EXPIRE_SECONDS": int(EMPLOYEE_SESSION[0].total_seconds()),
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ROTATE_REFRESH_TOKEN": True,
    "REQUEST_APPROVAL_PROMPT": "auto",
    # Loopback addresses of native clients are `Application`'s own matter (RFC 8252).
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "ALLOW_URI_WILDCARDS": False,
    **{
        f"COMPLIANT_BCP_RFC9700_{gate}": True
        for gate in (
            *("IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "PKCE_REQUIRED"),
            *("ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS", "REFRESH_TOKEN"),
            *("REDIRECT_URI_SCHEME", "REDIRECT_URI_MATCHING", "TOKEN_STORAGE"),
        )
    },
}

# Hosts in the company's own network that logout notices and webhooks may go to.
LOGOUT_PRIVATE_HOSTS: list[str] = env.list("LOGOUT_PRIVATE_HOSTS", default=[])

# --- mail, for alerts; without EMAIL_URL none is sent ---
vars().update(env.email_url("EMAIL_URL", default="dummymail://"), EMAIL_TIMEOUT=10)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="sasebridge@localhost")

# --- languages and time ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = USE_I18N = True

# --- static files ---
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# --- Celery: the doorbell; the work list is in the database ---
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="memory://localhost")
EMBEDDED = CELERY_BROKER_URL.startswith("memory:")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"polling_interval": 0.05}
    if EMBEDDED
    else {
        "visibility_timeout": 2100,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "retry_on_timeout": False,
        "global_keyprefix": "sasebridge:",
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_TIME_LIMIT, CELERY_TASK_SOFT_TIME_LIMIT = 7500, 7400
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_DEFAULT_QUEUE = "sync"
# Events have workers of their own: a full run of half an hour must not delay a leaver.
_events, _notify = ("handle_events", "sweep", "catch_up"), ("send_*", "find_*")
CELERY_TASK_ROUTES = {f"sync.tasks.{one}": {"queue": "events"} for one in _events}
CELERY_TASK_ROUTES |= {f"sync.tasks.{one}": {"queue": "notify"} for one in _notify}
CELERY_TIMEZONE = "UTC"
# In memory: the default keeps a file in the working folder, and a tick needs no past.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
_every = {"tick": 5, "sweep": 2, "find_alerts": 30, "end_overdue": 60, "prune": 3600}
CELERY_BEAT_SCHEDULE = {
    # They find what nobody was rung for; one older than the next is worthless.
    name: {"task": f"sync.tasks.{name}", "schedule": n, "options": {"expires": n}}
    for name, n in _every.items()
}

# --- logs ---
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["console"],
        "level": env.str("LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        # urllib3 logs addresses, and DingTalk's legacy token stands in the address.
        "urllib3": {"level": "WARNING"},
        "oauthlib": {"level": "WARNING"},  # this and the next log tokens at DEBUG
        "oauth2_provider": {"level": "WARNING"},
        # Three lines for each tick; what a tick did, the runs say.
        "celery": {"level": "WARNING"},
        # A line for each try; the audit trail has them.
        "axes": {"level": "ERROR"},
    },
}
