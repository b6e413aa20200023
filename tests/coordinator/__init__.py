"""Several pytest suites side by side, here or as Kubernetes Jobs, with one true verdict."""
