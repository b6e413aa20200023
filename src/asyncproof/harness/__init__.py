"""What every suite shares: history file, verdict, contract, exit codes, processes."""
