"""The backend that runs suites as Kubernetes Jobs. Needs ``requirements_kubernetes.txt``."""
