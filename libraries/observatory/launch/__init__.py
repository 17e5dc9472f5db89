"""A launch: a run as ReportPortal shows it; what it is called, who starts and finishes it, and what goes into it."""

from observatory.launch.folder import LaunchFolder, Report
from observatory.launch.launch import Attribute, Launch, attributes_of, launch_of, suite_types
from observatory.launch.portal import Portal, PortalError, Terms, problem_of, terms_of

__all__ = [
    "Attribute",
    "Launch",
    "LaunchFolder",
    "Portal",
    "PortalError",
    "Report",
    "Terms",
    "attributes_of",
    "launch_of",
    "problem_of",
    "suite_types",
    "terms_of",
]
