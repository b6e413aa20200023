"""Which findings are echoes of which: each rule a pure function, by what the cause is about."""
