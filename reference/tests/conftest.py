"""Settings that all tests of the reference servers share."""

from hypothesis import HealthCheck, settings

# A loaded machine is no defect of the code: no time is asserted, by hypothesis neither.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
