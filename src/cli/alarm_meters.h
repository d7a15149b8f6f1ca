/*
 * alarm_meters: what the monitor has found out, on a server's page of meters.
 *
 * The alarms' states, values and limits are in the store, where `assay monitor` puts them; a server
 * reads them every few seconds, so that one scrape has all that is known. Every server of a store
 * tells the same.
 */
#ifndef CLI_ALARM_METERS_H
#define CLI_ALARM_METERS_H

#include "serve/meters.h"
#include "store/store.h"

enum { ALARM_METERS_EVERY_MS = 2000 };

bool alarm_meters_tell(struct store *store, struct meters *meters, struct err *err);

#endif
