"""Many jobs for as long as wanted: load, judged as it goes, and what a clean run proves."""
