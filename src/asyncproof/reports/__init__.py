"""Views of a verdict: terminal, JSON, JUnit, HTML."""
