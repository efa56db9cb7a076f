"""The fixtures come from plug-ins, one room each."""

pytest_plugins = [
    "tests.plugins.accounts",
    "tests.plugins.simulated",
    "tests.plugins.arriving",
    "tests.plugins.files",
    "tests.plugins.loopback",
    "tests.plugins.services",
    "tests.plugins.emptying",
    "tests.plugins.browser",
    "tests.plugins.worker",
    "tests.plugins.aside",
    "tests.plugins.depth",
    "tests.plugins.groups",
]
