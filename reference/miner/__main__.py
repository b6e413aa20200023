"""``python -m reference.miner``. Worker processes import this module too, so it stays light."""

if __name__ == "__main__":
    from reference.miner.cli import main

    main()
