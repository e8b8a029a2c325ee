# SPDX-License-Identifier: Apache-2.0
"""The design's rules in a line each, and the rows of its failure table, for docs/rules.md."""

RULES = {
    "S1": "a secret is not printed, copied by accident or compared in variable time; it is wiped",
    "S2": "secrets come from a source; literals and files that others can read are refused",
    "S3": "no secret in a log, error, argv, environment, core, metric, page or cache in clear",
    "S4": "upstream is checked HTTPS; plain HTTP for loopback alone; nothing turns checks off",
    "S5": "a token endpoint's redirect is an error; credentials never follow to another origin",
    "S6": "secrets are read again on SIGHUP and on invalid_client; two may be configured",
    "C1": "the key holds everything that changes the token, and no two keys collide",
    "C2": "expiry counts from when the request was sent, on the boot clock",
    "C3": "an hour's token is cached for 50 minutes, and other lives in proportion",
    "C4": "four zones: fresh, ahead, stale, dead; the policy is one pure function",
    "C5": "at most one fetch per key is in the air, and it belongs to no caller",
    "C6": "the cache is bounded in entries and bytes; what leaves it is wiped",
    "C7": "a shared cache holds sealed values under keys that tell nothing",
    "C8": "a shared cache that fails costs speed, never an answer",
    "C9": "failures are remembered, and delete nothing that is still good",
    "U1": "a reported token is dropped, and no other; one forced refresh per key and 10 s",
    "U2": "a call is repeated once after a 401 that blames the token",
    "U3": "each JWT attempt is new; a wrong clock is corrected once by the server's Date",
    "U4": "429 and 5xx back off with jitter and Retry-After, within the deadline",
    "D1": "a narrowed token is exchanged from its parent, cached apart, and ends with it",
    "D2": "a narrowed token that is wider than asked is an error, and is revoked",
    "D3": "the full token is given only where it was asked for by name",
    "D4": "a lease may be shorter than the token's life; at its end the token is revoked",
    "R1": "any token can be revoked, and everything of a subject, a caller, a provider, or all",
    "R2": "revoking a parent revokes its children, first here, then upstream",
    "R3": "after revoke nobody is served that token; a late flight cannot bring it back",
    "R4": "a revocation that was not delivered is tried again, and is seen in status",
    "R5": "a token held for a process is revoked when the process ends",
    "V1": "a developer token is refused in production, before anything is sent",
    "V2": "in development a developer token is loud, kept in memory, and never refreshed",
    "F1": "every operation takes a deadline; no lock is held across I/O",
    "F2": "every input from outside is bounded and fuzzed",
    "F3": "an error says what failed and what to do next, and holds no response body",
    "F4": "a bad configuration is told whole, with places and remedies; nothing starts",
}

FAILURES = [
    "provider 5xx / 429 / timeout / reset, token fresh or stale",
    "the same, nothing held",
    "provider answers rubbish, 10 MB, or a token without `expires_in`",
    "wrong secret",
    "clock 5 minutes off, either way",
    "Memcached / Redis down at start, dies midway, flushed, returns another key's value",
    "the process that holds the fleet-wide lease is killed with SIGKILL",
    "10 000 callers, cold",
    "token revoked upstream behind our back",
    "user disabled (permanent 401)",
    "machine suspended over the expiry",
    "full disk, read-only state directory, `EMFILE`",
]

# What a later part of the product brings, said where a rule is listed.
LATER = {
    "C5": "one fetch in a whole fleet comes with the shared cache",
    "C7": "comes with the shared cache",
    "C8": "comes with the shared cache",
    "D4": "leases of callers come with the broker",
    "R1": "revoking by caller comes with the broker",
    "R3": "across processes it comes with the shared cache",
    "R4": "surviving a crash comes with the vault",
    "R5": "for processes that the broker serves it comes with the broker",
    "Memcached / Redis down at start, dies midway, flushed, returns another key's value":
        "comes with the shared cache",
    "the process that holds the fleet-wide lease is killed with SIGKILL":
        "comes with the shared cache",
}
