/*
 * public_address: may a request that somebody else named the target of go to this address?
 *
 * An address is public when it belongs to the Internet at large: not this machine, a private
 * network, a neighbour on the link, a cloud's metadata service, a multicast group or a range kept
 * for documents and tests (the special-purpose registries of IANA, RFC 6890 and later). Of IPv6
 * only global unicast (2000::/3) is, without what tunnels IPv4 (6to4, Teredo); an IPv4-mapped
 * address is none, whatever it maps. Asked about the address a connection is about to be made to,
 * after the name was resolved, so a name that resolves differently the second time gains nothing.
 */
#ifndef STORE_PUBLIC_ADDRESS_H
#define STORE_PUBLIC_ADDRESS_H

#include "base/base.h"

#include <sys/socket.h>

bool is_public_address(const struct sockaddr *address, size_t size);

#endif
