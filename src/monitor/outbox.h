/*
 * outbox: notices that wait to be delivered, and their delivery.
 *
 * A notice is written in the transaction of the change that it tells of, with a delivery for each
 * sink that wants its severity. outbox_deliver takes what is due: a delivery is leased to one
 * deliverer at a time, so of any number of replicas one sends it; a sink gets the notices of one
 * key in their order; what was not taken is tried again after a pause that doubles, with jitter, or
 * after what the other side asked for, which then holds for all that waits for that sink. Nothing
 * is ever given up. A deliverer that dies between sending and saying so is followed by another that
 * sends again, with the same id.
 *
 *     struct outbox_tally tally;
 *     if (!outbox_deliver(&store, ports, count, until_ms, &tally, err)) ...
 */
#ifndef MONITOR_OUTBOX_H
#define MONITOR_OUTBOX_H

#include "monitor/rules.h"
#include "store/store.h"

/* Inside a transaction of the caller's. */
bool outbox_add(struct store *store, const struct alarm_rules *rules, const struct notice *notice,
                struct err *err);

struct outbox_tally {
    size_t sent, failed; /* tries, in this call */
    size_t waiting;      /* deliveries that are left, of all sinks */
    int64_t oldest_ms;   /* when the oldest of them was written; 0: none is left */
    char error[400];     /* of the last failure: "team: the server answered 500" */
};

/* Sends what is due to these sinks, until nothing is or `until_ms`. An error is the database's;
 * that a sink did not take a notice is in the tally and in the outbox. */
bool outbox_deliver(struct store *store, const struct notice_port *port, size_t ports,
                    int64_t until_ms, struct outbox_tally *out, struct err *err);

struct outbox_item {
    struct view sink, kind, alarm, subject, title, error;
    int64_t attempts, made_ms, next_ms;
};

/* What waits, oldest first, at most `most`; texts are in the arena. */
bool outbox_list(struct store *store, size_t most, struct arena *arena, struct outbox_item **out,
                 size_t *count, struct err *err);

#endif
