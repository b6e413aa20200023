"""The Kubernetes backend against a real API server (`make test-kubernetes`)."""
