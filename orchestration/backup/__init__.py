"""Backup and restore of everything that cannot be computed again.

Three rules hold after a restore: no event is passed over, no decision is made twice, no effect
happens twice.

**The ledger is copied first, the log after it.** The ledger tells how far the log was worked off,
and whatever it acted on was in the log before (decisions go there first). So the copy of the log
holds at least all that the copy of the ledger knows. What it holds beyond is worked off again,
under the same keys, which find what is there. The other way round the ledger could stand at a
position that the log has not reached: new events would take that position and be passed over, and
a decision that deliveries came from would be missing and be made anew, perhaps differently.
Each backup is checked for that, and each restore again. A copy of the warehouse holds events of
the log, so it is made before both. Files of the archive are copied while nobody may change the
archive, together with the log that names them.

**What was queued at the backup may have been sent since.** Only the lost ledger knew. So a restore
makes every row that was queued, in flight or held by a breaker `unknown`: the destination is asked
before anything is sent, just as after a crash, and where it cannot be asked the row goes out under
the key it had, counted as a possible repeat (or not at all, by `…_AT_MOST_ONCE`). Rows that wait
for a person stay held. Rows made after the backup are made again from the same events, with the
same keys.

Events that arrived after the backup are not in it: let vendors send them again, or keep the log on
PostgreSQL with continuous archiving, if that must not happen. Secrets are in no backup.
"""
