"""Breakages of the protocol, each small and each plausible, and the tests that must notice them."""

from typing import NamedTuple

_LUA = "sdk/exosphere_core/store/lua"
_STORE = "sdk/exosphere_core/store"
_ENGINE = "orchestrator/exosphere_orchestrator/engine"
_WORKER = "worker/exosphere_worker"


class Mutant(NamedTuple):
    """A breakage.

    Attributes:
        file: what is changed.
        old: text that stands there once.
        new: what is put in its place.
        tests: those that must fail, as pytest takes them: it is enough that one does.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "no fence on the attempt", f"{_LUA}/lib/fence.lua",
        "return record[1] == 'CREATED' and record[2] == attempt", "return record[1] == 'CREATED'",
        ("tests/engine/test_matrix.py", "tests/engine/test_leases.py"),
    ),
    Mutant(
        "no fence on the status", f"{_LUA}/lib/fence.lua",
        "return record[1] == 'CREATED' and record[2] == attempt", "return record[2] == attempt",
        ("tests/engine/test_matrix.py",),
    ),
    Mutant(
        "another report goes on with a fan-out", f"{_LUA}/lib/fence.lua",
        "and record[2] == attempt and report_kept == report", "and record[2] == attempt",
        ("tests/engine/test_matrix.py",),
    ),
    Mutant(
        "reports acknowledged before they are applied", f"{_ENGINE}/consumer.py",
        "if not entry.fields and entry.stream == stream]", "if entry.stream == stream]",
        ("tests/points/test_crash_points.py::test_a_state_manager_may_die_at_every_step_of_a_chain",),
    ),
    Mutant(
        "a state manager does not read its own pending reports after a fault", f"{_ENGINE}/consumer.py",
        'after = "0"\n', 'after = "9999999999999-0"\n',
        ("tests/engine/test_consumer_recovery.py",),
    ),
    Mutant(
        "a runtime does not read its own pending states after a fault", f"{_WORKER}/link.py",
        "pending = await self._fetcher.recover(self._redis)", "pending = list[Entry]()",
        ("tests/points/test_crash_points.py::test_a_lost_delivery_is_found_by_the_runtime_itself",),
    ),
    Mutant(
        "a ready queue has a greatest length", f"{_LUA}/lib/push.lua",
        "redis.call('XADD', ready, '*'", "redis.call('XADD', ready, 'MAXLEN', '2', '*'",
        ("tests/engine/test_flow.py",),
    ),
    Mutant(
        "the heartbeat renews whatever its owner has pending", f"{_STORE}/streams.py",
        '("XCLAIM", stream, RUNTIMES_GROUP, consumer, 0, *ids, "RETRYCOUNT"',
        '("XCLAIM", stream, RUNTIMES_GROUP, consumer, 0, *([item["message_id"] for item in '
        'redis.xpending_range(stream, RUNTIMES_GROUP, "-", "+", 1000, consumername=consumer)] or ids), "RETRYCOUNT"',
        ("tests/worker/test_heartbeat.py", "tests/engine/test_leases.py"),
    ),
    Mutant(
        "a unite fires each time that it is told to", f"{_LUA}/join.lua",
        "if unite[1] ~= 'ARMED' or tonumber(unite[2]) ~= 0 then", "if not unite[1] then",
        ("tests/engine/test_two_joiners.py",),
    ),
    Mutant(
        "a unite fires over lists that were read on another server", f"{_LUA}/join.lua",
        "is_whole = is_whole and found == tonumber(ARGV[n + 1])", "is_whole = is_whole and found >= 0",
        ("tests/engine/test_two_histories.py",),
    ),
    Mutant(
        "a unite waits for a retry of what failed on another server", f"{_LUA}/hold.lua",
        "if tonumber(unite[3]) == 0 then", "if not unite[3] then",
        ("tests/engine/test_two_histories.py",),
    ),
    Mutant(
        "clients leave a master that was replaced one by one", f"{_STORE}/master_pool.py",
        "for pool in list(fellows.pools):", "for pool in [self]:",
        ("tests/engine/test_replaced_master.py",),
    ),
    Mutant(
        "a unite is joined by a count of what is there", f"{_ENGINE}/joiner.py",
        "if unite is None or unite.status != UniteStatus.ARMED or unite.pending != 0:",
        "if unite is None or not unite.arrived:",
        ("tests/engine/test_unites.py",),
    ),
    Mutant(
        "ids of children are random", "sdk/exosphere_core/ids.py",
        'blake2b(f"{kind}\\0{source}\\0{what}".encode(), digest_size=14)',
        'blake2b(f"{kind}\\0{source}\\0{what}\\0{uuid4()}".encode(), digest_size=14)',
        ("tests/ground/test_ids.py", "tests/engine/test_flow.py"),
    ),
    Mutant(
        "report and acknowledgement are two steps", f"{_STORE}/streams.py",
        "        replies = await transaction(redis, commands)\n",
        "        for command in reversed(commands):\n            replies = await burst(redis, [command])\n",
        ("tests/points/test_crash_points.py::test_a_runtime_may_die_at_every_command_of_a_chain",),
    ),
    Mutant(
        "a chunk that comes twice is made twice", f"{_LUA}/expand.lua",
        "again = chunk <= made or record[4]", "again = record[4]",
        ("tests/engine/test_lost_chunk.py",),
    ),
    Mutant(
        "the reaper does not look whether a heart beats", f"{_ENGINE}/reaper.py",
        "if before is None or before[:2] != (entry.consumer, entry.beats):", "if before is None:",
        ("tests/engine/test_leases.py",),
    ),
    Mutant(
        "the reaper takes a lease for lost at the second look", f"{_ENGINE}/reaper.py",
        "if now - before[2] >= lease_s:", "if now - before[2] >= 0:",
        ("tests/engine/test_leases.py",),
    ),
    Mutant(
        "a lost lease keeps its attempt number", f"{_LUA}/reclaim.lua",
        "tonumber(record[2]) + 1)", "tonumber(record[2]))",
        ("tests/engine/test_leases.py",),
    ),
    Mutant(
        "a state that takes its workers down is tried for ever", f"{_LUA}/reclaim.lua",
        "if lost >= tonumber(ARGV[4]) then", "if lost < 0 then",
        ("tests/engine/test_leases.py",),
    ),
    Mutant(
        "nobody takes over the reports of the dead", f"{_ENGINE}/consumer.py",
        "        if taken:\n", "        if not self._ready and taken:\n",
        ("tests/engine/test_consumer_recovery.py",),
    ),
    Mutant(
        "a sweep trims what is pending", f"{_STORE}/streams.py",
        "await _trim(redis, stream, _text(oldest) if oldest else _after(last))", "await _trim(redis, stream, _after(last))",
        ("tests/engine/test_consumer_recovery.py",),
    ),
    Mutant(
        "a sweep leaves what one command does not take", f"{_STORE}/streams.py",
        "    await redis.xtrim(stream, minid=minid, approximate=False)\n", "",
        ("tests/engine/test_consumer_recovery.py",),
    ),
    Mutant(
        "a sweep that was broken off is forgotten", f"{_ENGINE}/consumer.py",
        "            await streams.sweep(", "            self._applied -= Counter({stream: applied})\n            await streams.sweep(",
        ("tests/points/test_crash_points.py::test_a_state_manager_may_lose_its_connection_at_every_step_of_a_chain",),
    ),
    Mutant(
        "a cron time fires without a claim", f"{_LUA}/claim_schedule.lua",
        "if redis.call('ZSCORE', KEYS[1], member) ~= ARGV[3] then", "if not redis.call('ZSCORE', KEYS[1], member) then",
        ("tests/background/test_cron.py", "tests/background/test_cron_faults.py"),
    ),
    Mutant(
        "an idempotency key is not looked at", "orchestrator/exosphere_orchestrator/runs.py",
        "        if key is None:\n", "        if key != '':\n",
        ("tests/engine/test_idempotency.py",),
    ),
    Mutant(
        "a run is made again by the same id", f"{_LUA}/trigger.lua",
        "if redis.call('EXISTS', KEYS[1]) == 1 then", "if redis.call('EXISTS', KEYS[1]) == 2 then",
        ("tests/engine/test_flow.py", "tests/engine/test_idempotency.py"),
    ),
    Mutant(
        "a graph that was paused since it was read takes a run", f"{_LUA}/trigger.lua",
        "or graph[3] or graph[4] then", "or graph[4] then",
        ("tests/engine/test_look.py",),
    ),
    Mutant(
        "a run that Redis lost asks what became of its graph", "orchestrator/exosphere_orchestrator/runs.py",
        "note([moves.without_look(call)])", "note([call])",
        ("tests/engine/test_look.py",),
    ),
    Mutant(
        "a bulk trigger makes a run again", f"{_LUA}/trigger_many.lua",
        "  if not found[1] then\n", "  if true then\n",
        ("tests/engine/test_many_runs.py",),
    ),
    Mutant(
        "a bulk trigger does not look whose its runs are", f"{_LUA}/trigger_many.lua",
        "  elseif found[2] ~= ARGV[4] then\n", "  elseif found[2] == '' then\n",
        ("tests/engine/test_many_runs.py",),
    ),
    Mutant(
        "a cancelled state stays in its queue", f"{_LUA}/cancel.lua",
        "      redis.call('XDEL', ready, record[2])\n", "",
        ("tests/engine/test_cancel.py",),
    ),
    Mutant(
        "a cancelled state keeps its time", f"{_LUA}/cancel.lua",
        "    redis.call('ZREM', KEYS[4], id)\n", "",
        ("tests/engine/test_cancel.py",),
    ),
    Mutant(
        "an error is tolerated twice",
        f"{_LUA}/tolerate.lua",
        " and not string.find(tolerated, ARGV[1], 1, true) then\n    if not record[2] then",
        " then\n    if true then",
        ("tests/points/test_crash_points.py::test_a_state_manager_may_die_at_every_step_of_a_tolerant_unite",),
    ),
    Mutant(
        "the count of what is open is off by one", f"{_LUA}/lib/offspring.lua",
        "      opened = opened + 1\n      if ARGV[arg + 4]", "      opened = opened + 2\n      if ARGV[arg + 4]",
        ("tests/engine/test_flow.py", "tests/engine/test_unites.py"),
    ),
    Mutant(
        "a chunk that is applied again makes its children again", f"{_LUA}/lib/offspring.lua",
        "    local arg = args + counts.siblings * 4 + (n - 1) * 5\n    if not (p.again and redis.call('EXISTS', state) == 1) then",
        "    local arg = args + counts.siblings * 4 + (n - 1) * 5\n    if true then",
        ("tests/engine/test_matrix.py", "tests/engine/test_flow.py"),
    ),
    Mutant(
        "a manual retry does not remember that it was made", f"{_LUA}/retry_by_hand.lua",
        "redis.call('SADD', KEYS[8], ARGV[6])\n", "",
        ("tests/engine/test_manual_retry.py",),
    ),
    Mutant(
        "a deleted graph leaves no tombstone", "sdk/exosphere_core/store/lua/bar_graph.lua",
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n", "",
        ("tests/engine/test_deletion.py",),
    ),
    Mutant(
        "a delivery begins although its lease may be lost", f"{_WORKER}/executions.py",
        "            while held.in_doubt(self._lease_s):\n                await self._confirmation()\n"
        "            # Not `async with`, which makes two coroutines more for each state.\n"
        "            await self._slots.places.acquire()\n            try:\n"
        "                # The wait for a place may have been a long one.\n"
        "                if not held.in_doubt(self._lease_s):",
        "            await self._slots.places.acquire()\n            try:\n                if True:",
        ("tests/worker/test_executions.py",),
    ),
    Mutant(
        "a lease counts from the answer to the read", f"{_WORKER}/fetcher.py",
        "self._begin(entry, read_at)", "self._begin(entry, elapsed_s())",
        ("tests/worker/test_fetcher.py",),
    ),
    Mutant(
        "a stopping runtime keeps what it never began", f"{_WORKER}/link.py",
        "                await self._release_unseen()\n", "",
        ("tests/points/test_crash_points.py::test_a_stopping_runtime_gives_back_what_it_never_began",),
    ),
    Mutant(
        "a lease that was lost is reported all the same", f"{_WORKER}/reporter.py",
        "if held.lost or isinstance(outcome, Lost):", "if isinstance(outcome, Exception):",
        ("tests/worker/test_reporter.py",),
    ),
    Mutant(
        "due times of a dead state manager are never found", f"{_ENGINE}/promoter.py",
        "        for state, left_ms in page:\n            self.note(state, left_ms)\n", "",
        ("tests/engine/test_promoter.py",),
    ),
    Mutant(
        "a step that is reported twice among others counts twice", f"{_LUA}/lib/judged.lua",
        "if moved[key] or (", "if (",
        ("tests/engine/test_together.py", "tests/engine/test_ends.py"),
    ),
    Mutant(
        "a run that ends among others is ended for the first of them", f"{_LUA}/leaf.lua",
        "move_open(KEYS[key + 2],", "move_open(KEYS[4],",
        ("tests/engine/test_together.py",),
    ),
    Mutant(
        "of broken off steps those that were moved already are made twice", f"{_LUA}/lib/judged.lua",
        "if moved[key] or (record[1] ~= 'EXECUTED' and not is_current(record, attempt)) then", "if moved[key] then",
        ("tests/engine/test_together.py",),
    ),
    Mutant(
        "of branches that end together one is counted", f"{_LUA}/finish.lua",
        "move_pending(unite, ARGV[arg], -#current,", "move_pending(unite, ARGV[arg], -1,",
        ("tests/engine/test_ends.py",),
    ),
    Mutant(
        "a branch that Redis refuses takes with it those that end with it", f"{_ENGINE}/consumer.py",
        "left += map(alone, each.steps)", "left += []",
        ("tests/engine/test_ends.py",),
    ),
    Mutant(
        "a unite fires on a server that lacks what it tolerated", f"{_LUA}/join.lua",
        "= are_tolerated(", "= true or are_tolerated(",
        ("tests/engine/test_lost_tolerance.py",),
    ),
    Mutant(
        "a unite that settled tells nobody", f"{_LUA}/lib/unites.lua",
        "if redis.call('HINCRBY', unite, 'pending', by) == 0 then", "if redis.call('HINCRBY', unite, 'pending', by) == -1 then",
        ("tests/engine/test_unites.py",),
    ),
    Mutant(
        "a runtime forgets what it reported", f"{_WORKER}/reporter.py",
        "        self._kept.add([report for report, _ in self._sending], monotonic())\n", "",
        ("tests/worker/test_reporter.py",),
    ),
    Mutant(
        "the API forgets what it answered", "orchestrator/exosphere_orchestrator/edge.py",
        "        self._left = [Call(*_unpack(kept.packed)) for kept in self._kept]\n", "        self._left = []\n",
        ("tests/api/test_lost_writes.py",),
    ),
    Mutant(
        "the reaper judges by idle times", f"{_ENGINE}/reaper.py",
        "self._watch.look(held, monotonic()):",
        'self._watch.look(held, 0.0) + [(stream, item["message_id"].decode()) for stream in ready for item in await '
        'self.context.redis.xpending_range(stream, RUNTIMES_GROUP, "-", "+", 1000, idle=self.context.lease_ms)]:',
        ("tests/chaos/clock/test_clock.py",),
    ),
    Mutant(
        "a queue does not remember what came from an outbox", f"{_LUA}/deliver.lua",
        "  if is_after(id, newest) then", "  if true then",
        ("tests/engine/test_handoff.py",),
    ),
    Mutant(
        "a state is not marked as queued in another namespace", f"{_LUA}/delivered.lua",
        "'>' .. ARGV[3]", "ARGV[3]",
        ("tests/engine/test_handoff.py",),
    ),
    Mutant(
        "a report is acknowledged before it is forwarded", f"{_ENGINE}/forwarder.py",
        "    for reply in await burst(",
        "    await acknowledge(context.redis, queue.reports, STATE_MANAGERS_GROUP, sent)\n    for reply in await burst(",
        ("tests/engine/test_forwarder.py",),
    ),
    Mutant(
        "completions do not grow beyond the memory limit", f"{_LUA}/lib/grow.lua",
        "  redis.call('PERSIST', key)\n", "",
        ("tests/engine/test_full_memory.py",),
    ),
    Mutant(
        "the reconciler restores what a runtime holds", f"{_LUA}/lib/held.lua",
        "  return #redis.call('XPENDING', stream, group, entry, entry, 1) > 0", "  return false",
        ("tests/reconcile/test_random.py", "tests/reconcile/test_mends.py"),
    ),
    Mutant(
        "a client reports by HTTP what a runtime holds", f"{_LUA}/hand_in.lua",
        "if string.sub(held[1][2], 1, #ARGV[2]) ~= ARGV[2] then", "if false then",
        ("tests/engine/test_polled.py", "tests/api/test_http_runtime_refusals.py"),
    ),
    Mutant(
        "a client that polls has the lease of a runtime", f"{_ENGINE}/reaper.py",
        "lease_s = self._http_lease_s if entry.consumer.startswith(HTTP_HOLDER) else self._lease_s", "lease_s = self._lease_s",
        ("tests/engine/test_leases.py", "tests/api/test_http_leases.py"),
    ),
    Mutant(
        "what a client took is taken again after Redis lost it", "orchestrator/exosphere_orchestrator/polling/taking.py",
        "    with recorded():\n        return await _take(", "    if True:\n        return await _take(",
        ("tests/api/test_http_leases.py",),
    ),
    Mutant(
        "the embedded Redis appends to a torn file", "orchestrator/exosphere_orchestrator/embedded/server.py",
        "            if had_data:\n                self._rewrite()\n", "",
        ("tests/platform/test_embedded_redis.py",),
    ),
)  # fmt: skip
