"""The alarm: Shiryaev-Roberts on bets over cell counts. Pure: no threads, no files, no clock."""
