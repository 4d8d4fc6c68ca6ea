"""The few things that views work out."""

import pytest

from tiltyard.control.views import AgreementView, OutputAgreementView, Sample, Share


def test_shares_and_samples_are_exact() -> None:
    assert Share(3277).fraction == 3277 / 65_536
    assert (Share(0).fraction, Share(65_536).fraction) == (0.0, 1.0)
    assert Sample(200_000).fraction == 0.2


def test_agreement_is_that_of_the_output_that_agrees_least() -> None:
    outputs = (
        OutputAgreementView("label", "label", compared=100, disagreed=2.5),
        OutputAgreementView("scores", "tolerance", compared=100, disagreed=10.0),
        OutputAgreementView("unseen", "argmax", compared=0, disagreed=0.0),
    )
    assert outputs[0].agreement == pytest.approx(0.975)
    assert outputs[2].agreement is None

    def made(*found: OutputAgreementView) -> AgreementView:
        return AgreementView(1, 100, 0, 100, 100, 0, 0, 0, outputs=found)

    assert made(*outputs).agreement == pytest.approx(0.9)
    assert made(outputs[2]).agreement is None
