"""What both checks and reports ask of a history: outcomes, damage, overlap, who got what."""
