"""The settings of Tribehold: one file, read from the environment.

There are two environments. The *demo* (default) needs no configuration, is reachable only from this machine,
and creates its own secrets. *Production* (TRIBEHOLD_ENV=production) requires them, and HTTPS.
docs/operations.md lists all variables. config/checks.py reports all mistakes together.
"""

from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured

from config import embedded
from config.environment import Environment
from config.http.site_url import read_site_url
from config.kernel import timestamps
from config.limits.address_limits import read_address_limits
from config.redis.aliases import cache_aliases
from config.redis.urls import check_redis_url, next_database
from config.storage.urls import read_media_url

django_stubs_ext.monkeypatch()  # allows ModelForm[User] and the like

VERSION = "0.1.0"  # of Tribehold; also in pyproject.toml
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_folder()
environment = Environment()
CONFIGURATION_MISTAKES = environment.mistakes

# ---- The environment ----------------------------------------------------------------------------

TRIBEHOLD_ENV = environment.choice("TRIBEHOLD_ENV", ("demo", "production"))
PRODUCTION = TRIBEHOLD_ENV == "production"
DEBUG = not PRODUCTION and environment.boolean("DEBUG", default=False)
if PRODUCTION:
    for name, reason in {
        "DATABASE_URL": "Only the demo has servers of its own.",
        "REDIS_URL": "Only the demo has servers of its own.",
        "EMAIL_URL": "Only the demo prints emails: readers of its log could follow their links.",
        "EMAIL_FROM": "Emails need a sender.",
        "ALLOWED_HOSTS": "Name the hosts of the site, with commas between them.",
        "SITE_URL": "Links in emails need the URL of the site: https://…",
    }.items():
        environment.required(name, reason)

# ---- Secrets and URLs of the site ---------------------------------------------------------------

try:
    SECRET_KEY, JWT_SIGNING_KEY = (
        environment.secret(name, is_production=PRODUCTION, folder=DATA_DIR / "secrets")
        for name in ("SECRET_KEY", "JWT_SIGNING_KEY")  # two, so that each can be changed separately
    )
except OSError as error:  # the demo can't write its folder
    raise ImproperlyConfigured(str(embedded.data_folder_error(error))) from error
if PRODUCTION and JWT_SIGNING_KEY == SECRET_KEY:
    environment.report("JWT_SIGNING_KEY equals SECRET_KEY: give them different values.")
SECRET_KEY_FALLBACKS = environment.previous_secrets("SECRET_KEY_PREVIOUS", is_production=PRODUCTION)
JWT_PREVIOUS_KEYS = environment.previous_secrets("JWT_PREVIOUS_KEYS", is_production=PRODUCTION)
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = environment.items("ALLOWED_HOSTS") or ([] if PRODUCTION else LOCAL_HOSTS)
# The command `serve` sets the one of the demo when it knows the port.
SITE_URL = environment.text("SITE_URL", "" if PRODUCTION else "http://localhost")
if SITE_URL:
    SITE_URL = environment.parsed(
        "SITE_URL",
        SITE_URL,
        lambda text: read_site_url(
            text, ALLOWED_HOSTS if PRODUCTION else ["*"], is_secure=PRODUCTION
        ),
        default="",
    )

# ---- Applications -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.TribeholdAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "config.apps.TribeholdStatic",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "django.contrib.postgres",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "procrastinate.contrib.django",
    "config",
    "accounts",
    "tribes",
    "maps",
    "sessions_app",
]
MIDDLEWARE = [
    "config.http.middleware.request_id",
    "config.http.middleware.error_envelope",
    "config.http.middleware.protect_secret_urls",
    "config.http.middleware.rate_limit_headers",
    "config.http.secure_transport.reject_exposed_secrets",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.http.middleware.reject_malformed_requests",
    "config.http.middleware.domain_error_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.http.middleware.count_player_forms",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
SESSION_ENGINE = "accounts.devices.session_store"
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
                "config.http.site_url.site_url",
            ]
        },
    }
]

# ---- PostgreSQL ---------------------------------------------------------------------------------

DATABASE: dict[str, Any] = {
    "HOST": str(embedded.socket_folder()),
    "USER": embedded.DATABASE,
    "NAME": embedded.DATABASE,
}
if database_url := environment.text("DATABASE_URL"):
    if database_url.startswith(("postgres://", "postgresql://", "psql://", "pgsql://")):
        DATABASE = environment.url(
            "DATABASE_URL", database_url, environ.Env.db_url_config, default=DATABASE
        )
    else:
        environment.report(
            "DATABASE_URL must begin with postgres://, as in postgres://user:password@host:5432/name."
        )
# Each thread for requests keeps one connection open, so THREADS limits both.
THREADS = environment.integer(
    "TRIBEHOLD_THREADS", default=4, minimum=1, maximum=10, meaning="each thread has a connection."
)
DATABASES = {
    "default": DATABASE
    | {
        "ENGINE": "config.db.backend",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "keepalives_idle": 30,  # seconds; detects a connection that was lost
            "tcp_user_timeout": 10_000,  # milliseconds
            "application_name": "tribehold",
            # The similarity at which a word may be a typing error of another (maps/search/spelling.py).
            "options": "-c pg_trgm.similarity_threshold=0.2",
        }
        | DATABASE.get("OPTIONS", {}),
    }
}
# The task queue is in PostgreSQL, too; see config/ops/task_queue.py. A process that runs it has two
# connections that listen, TASKS_POOL to fetch jobs, and one for each running job, at most three. It is off in
# servers if `manage.py tasks` runs it.
TASKS = environment.choice("TRIBEHOLD_TASKS", ("on", "off")) == "on"
TASKS_POOL = environment.integer(
    "TRIBEHOLD_TASKS_POOL", default=2, minimum=1, maximum=10, meaning="each is a connection."
)
# PgBouncer's transaction pooling does not support LISTEN. Without it, workers poll every five seconds.
TASKS_LISTEN = environment.boolean("TRIBEHOLD_TASKS_LISTEN", True)
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = [
    "accounts.identity.emails",
    "config.ops.maintenance",
    "maps.previews.cleanup",
    "maps.previews.preview_files",
]
PROCRASTINATE_ON_APP_READY = "config.ops.connector.install"
# Periodic tasks that were due while no worker ran are run at the next start.
PROCRASTINATE_PERIODIC_DEFAULTS = {"max_delay": 24 * 3600}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis --------------------------------------------------------------------------------------

# Durable and disposable data are in two databases, or on two servers.
REDIS_URL = environment.text("REDIS_URL", f"unix://{embedded.redis_socket()}?db=0")
REDIS_CACHE_URL = environment.text("REDIS_CACHE_URL") or next_database(REDIS_URL)
for name, url in (("REDIS_URL", REDIS_URL), ("REDIS_CACHE_URL", REDIS_CACHE_URL)):
    environment.parsed(name, url, check_redis_url, default=None)
if REDIS_CACHE_URL == REDIS_URL:
    environment.report(
        "REDIS_CACHE_URL equals REDIS_URL: clearing the cache would sign all players out."
    )
CACHES = cache_aliases(REDIS_URL, REDIS_CACHE_URL)

# The fan-out between processes that have sockets; see sessions_app/live/fan_out.py.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            # Subscribers wait without a timeout, because they would miss messages after one.
            "hosts": [
                {"address": REDIS_URL, "socket_timeout": None, "socket_connect_timeout": 0.5}
            ],
            "prefix": "tribehold",
        },
    }
}

# The most requested responses are in memory until they change; see config/server/fast_lane.py.
HOT_CACHE_BYTES = 16 * 1024 * 1024
HOT_CACHE_SECONDS = environment.integer(
    "HOT_CACHE_SECONDS",
    default=60,
    minimum=0,
    maximum=86_400,
    meaning="seconds that a response is cached.",
)

# ---- Accounts -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.identity.backends.UsernameOrEmailBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ("username", "email")},
        "MinimumLengthValidator": {"min_length": 8},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
] + [{"NAME": "accounts.identity.passwords.VarietyValidator"}]
LOGIN_URL = "accounts:sign-in"
ACCOUNT_URL = "accounts:account"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "maps:browse"
# Whether the admin requires a code of an authenticator app; see accounts/second_factor/actions.py.
ADMIN_SECOND_FACTOR = environment.boolean("ADMIN_SECOND_FACTOR", default=PRODUCTION)
SECOND_FACTOR_URL = "accounts:second-factor"
OTP_TOTP_ISSUER = "Tribehold"
OTP_TOTP_THROTTLE_FACTOR = 0  # config/limits/rate_limits.py counts the attempts
ACCESS_TOKEN_SECONDS = 15 * 60
REFRESH_TOKEN_SECONDS = 7 * 24 * 3600

# ---- The REST API -------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.tokens.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["config.api.serialization.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["config.api.serialization.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "config.api.openapi.OperationSchema",
    "DATETIME_FORMAT": timestamps.FORMAT,
    "URL_FORMAT_OVERRIDE": None,  # otherwise `?format=` would be accepted
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "config.http.errors.ExceptionHandler",
    "EXCEPTION_FORMATTER_CLASS": "config.http.errors.ExceptionFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tribehold",
    "VERSION": VERSION,
    "DESCRIPTION": "Maps, players and lobbies of Tribehold, for game clients in any language.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "TerrainEnum": "maps.terrain.grid.TERRAINS",
        "EnemyTypeEnum": "maps.terrain.waves.ENEMY_TYPES",
    },
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.openapi.complete_schema",
    ],
}

# ---- Pages and files ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False  # choosing a language would take a fifth of the time of a page
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
MEDIA_ROOT = DATA_DIR / "media"
# Previews of maps are in MEDIA_ROOT, or in the bucket that MEDIA_STORAGE names.
MEDIA: dict[str, Any] = {"BACKEND": "config.storage.files.AtomicFileSystemStorage"}
if media_url := environment.text("MEDIA_STORAGE"):
    MEDIA = environment.parsed("MEDIA_STORAGE", media_url, read_media_url, default=MEDIA)
STORAGES = {
    "default": MEDIA,
    "staticfiles": {"BACKEND": "config.storage.static_files.HashedStaticFilesStorage"},
}
ADDRESS_LIMITS = read_address_limits(environment)  # rates, open sockets, connections
MAX_BODY_BYTES = 10 * 1024 * 1024  # read before a thread is used; larger ones get a 413

# ---- Security -----------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
SECURE_SSL_REDIRECT = PRODUCTION
# Browsers cache redirects, so the target must not have a port that a client chose.
SECURE_SSL_HOST = SITE_URL.partition("://")[2]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.http.errors.csrf_failure"
if PRODUCTION:
    # TLS ends at the proxy. It must set this header itself, and remove the one of a client.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many of our proxies a request passes. Each appends the address of its client to X-Forwarded-For.
TRUSTED_PROXIES = environment.integer(
    "TRUSTED_PROXIES",
    default=0,
    minimum=0,
    maximum=99,
    meaning="the number of your proxies, 0 for none.",
)
if PRODUCTION and not TRUSTED_PROXIES:  # all visitors would have the address of the proxy
    environment.report(
        "TRUSTED_PROXIES is not set: it is the number of your proxies that each request passes."
        " There is at least one, which ends TLS."
    )
# An SMTP server, such as smtp+tls://user:password@host:587. Without it, emails are printed.
CONSOLE = environ.Env.email_url_config("consolemail://")
EMAIL = environment.url(
    "EMAIL_URL",
    environment.text("EMAIL_URL", "consolemail://"),
    environ.Env.email_url_config,
    default=CONSOLE,
)
if PRODUCTION and environment.text("EMAIL_URL").startswith("console"):
    environment.report("EMAIL_URL prints emails. Name an SMTP server: smtp+tls://…")
vars().update(EMAIL)
EMAIL_TIMEOUT = 10  # seconds; a server that does not respond would block all emails
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.text("EMAIL_FROM", "tribehold@localhost")
PASSWORD_RESET_TIMEOUT = 3600  # seconds for which links in emails are valid

# ---- Logs ---------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"safe": {"()": "config.ops.logs.SafeFormatter"}},
    "filters": {
        "request_id": {"()": "config.http.request_id.RequestIdFilter"},
        "client_faults": {"()": "config.ops.logs.ClientFaultFilter"},
        "outages": {"()": "config.ops.outages.OutageFilter"},
        "redis_errors": {"()": "config.ops.outages.RedisErrorFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "safe",
            "filters": ["request_id", "outages"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Django's own handlers print only in DEBUG, and email tracebacks otherwise.
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn.error": {"filters": ["client_faults"]},
        "channels_redis.pubsub": {"filters": ["redis_errors"]},
        "psycopg": {"level": "ERROR"},  # config.ops.outages logs lost connections
    },
}
