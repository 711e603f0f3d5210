"""Certificates that are not trusted, by the errors of any HTTP library."""

import ssl

from connectors.errors import Refused


def untrusted(place: str, error: BaseException) -> Refused | None:
    """The refusal to raise where `error` comes from a certificate that is not trusted, else None."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return Refused(
                f"{place}: the server's certificate is not trusted ({cause}).",
                advice="Give the certificate authority of your organisation as `ca_bundle`.",
            )
        cause = cause.__cause__ or cause.__context__
    return None
