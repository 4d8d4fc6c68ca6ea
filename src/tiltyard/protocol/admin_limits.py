"""How large messages of the admin API may be: the gateway and its clients hold to the same."""

from typing import Final

MIB: Final = 2**20

# What a client may send in one message; uploads come in several.
REQUEST_BYTES_MAX: Final = 4 * MIB
# What a gateway answers with. Counts of 200 features over a history of 60 pieces are about 1 MiB.
REPLY_BYTES_MAX: Final = 32 * MIB
PROFILE_BYTES_MAX: Final = 64 * MIB
PROFILE_CHUNK_BYTES: Final = MIB
