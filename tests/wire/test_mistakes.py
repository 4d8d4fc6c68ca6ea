"""Every mistake in a request: its code, its full sentence, and that it harms nobody else.

Each is made as ModelInfer, where it is the call's status, and on a stream, where it is an
error_message and the stream goes on.
"""

import grpc
import pytest

from tests.wire.calls import check_identity, identity_request, infer, stream
from tests.wire.mistake import Mistake
from tests.wire.mistakes import MISTAKES


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_the_status_of_its_call(echo_channel: grpc.Channel, mistake: Mistake) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        infer(echo_channel, mistake.make())
    assert (caught.value.code(), caught.value.details()) == (mistake.code, mistake.sentence)
    check_identity(infer(echo_channel, identity_request()))


def test_mistakes_on_a_stream_do_not_end_it(echo_channel: grpc.Channel) -> None:
    requests = []
    for number, mistake in enumerate(MISTAKES):
        requests += [
            mistake.make(f"wrong-{number}"),
            identity_request(request_id=f"right-{number}"),
        ]
    replies = stream(echo_channel, requests)
    assert len(replies) == len(requests)
    for number, mistake in enumerate(MISTAKES):
        wrong, right = replies[2 * number : 2 * number + 2]
        assert wrong.error_message == mistake.sentence
        assert wrong.infer_response.id == f"wrong-{number}"
        assert right.error_message == ""
        assert right.infer_response.id == f"right-{number}"
        check_identity(right.infer_response)
