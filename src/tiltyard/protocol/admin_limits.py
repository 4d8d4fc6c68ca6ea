"""How much a call of the admin API may ask and send: the gateway and its clients hold to it."""

from typing import Final

MIB: Final = 2**20

# What a client may send in one message; uploads come in several.
REQUEST_BYTES_MAX: Final = 4 * MIB
# What a gateway answers with. Counts of 200 features over a history of 60 pieces are about 1 MiB.
REPLY_BYTES_MAX: Final = 32 * MIB
PROFILE_BYTES_MAX: Final = 64 * MIB
PROFILE_CHUNK_BYTES: Final = MIB
# How long a window or a history may be.
SPAN_S_MAX: Final = 400 * 86_400.0
