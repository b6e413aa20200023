"""Several pytest suites in parallel, here or as Kubernetes Jobs, with one verdict."""
