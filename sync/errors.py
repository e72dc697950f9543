"""What can go wrong between this device and the hospital, each with a stable code. Pure; any thread.

    SyncError
      the line      server_unreachable  server_timeout  connection_lost
      its safety    tls_failed  certificate_expired  certificate_other_host  certificate_not_pinned
                    client_certificate_bad  client_certificate_refused  host_not_allowed  redirected
      who we are    credentials_missing  credentials_refused  clock_skew
      the server    server_error  throttled  bad_reply  html_reply  reply_lacks  reply_too_large  call_refused
                    ask_unavailable
      the setting   foreign_realm  insecure_url  bad_server_url  bad_device
      the relay     relay_absent  relay_denied  relay_unreachable  relay_untrusted  relay_busy  relay_bad_reply
                    relay_bad_address  relay_elsewhere
      a voucher     voucher_not_one  voucher_expired  voucher_used  voucher_not_activated  voucher_refused
                    decoder_silent  decoder_absent
      insurance     person_unknown  area_not_open  token_expired  insurance_refused  insurance_down  signed_out
                    gateway_refused
      the envelope  envelope_lacks  envelope_too_long  envelope_too_large  seal_missing
      ourselves     limit_reached  sync_bug

Words for each code stand in resources/texts/: sync.toml (with the answer codes of items), wire.toml, insurance.toml,
and relay.toml with those of refused manifests. No error carries a secret, a credential or what a reply holds: only our
own words, statuses, and names of members. A `Refusal` brings a sentence to be shown, apart from all these.
"""

from __future__ import annotations

CODES = (
    "server_unreachable",
    "server_timeout",
    "connection_lost",
    "tls_failed",
    "certificate_expired",
    "certificate_other_host",
    "certificate_not_pinned",
    "client_certificate_bad",
    "client_certificate_refused",
    "host_not_allowed",
    "redirected",
    "credentials_missing",
    "credentials_refused",
    "clock_skew",
    "server_error",
    "throttled",
    "bad_reply",
    "html_reply",
    "reply_lacks",
    "reply_too_large",
    "call_refused",
    "ask_unavailable",
    "foreign_realm",
    "insecure_url",
    "bad_server_url",
    "bad_device",
    "relay_absent",
    "relay_denied",
    "relay_unreachable",
    "relay_untrusted",
    "relay_busy",
    "relay_bad_reply",
    "relay_bad_address",
    "relay_elsewhere",
    "voucher_not_one",
    "voucher_expired",
    "voucher_used",
    "voucher_not_activated",
    "voucher_refused",
    "decoder_silent",
    "decoder_absent",
    "person_unknown",
    "area_not_open",
    "token_expired",
    "insurance_refused",
    "insurance_down",
    "signed_out",
    "gateway_refused",
    "envelope_lacks",
    "envelope_too_long",
    "envelope_too_large",
    "seal_missing",
    "limit_reached",
    "sync_bug",
)

UNTRUSTED = frozenset(
    {
        "tls_failed",
        "certificate_expired",
        "certificate_other_host",
        "certificate_not_pinned",
        "client_certificate_bad",
        "client_certificate_refused",
    }
)
"""Whoever answers there has not proven who it is, or does not believe who we are: nothing was told."""

OFFLINE = frozenset({"server_unreachable", "server_timeout", "connection_lost"}) | UNTRUSTED
"""No whole reply came from the server."""

POINTLESS_TO_GO_ON = frozenset({"server_unreachable", "foreign_realm", "host_not_allowed"}) | UNTRUSTED
"""The other calls of this cycle would meet the same."""

OF_THE_RELAY = {
    "server_unreachable": "relay_unreachable",
    "server_timeout": "relay_unreachable",
    "connection_lost": "relay_unreachable",
    **dict.fromkeys(UNTRUSTED, "relay_untrusted"),
    "server_error": "relay_busy",
    "throttled": "relay_busy",
    **dict.fromkeys(("bad_reply", "html_reply", "reply_lacks", "reply_too_large", "redirected"), "relay_bad_reply"),
    "call_refused": "relay_bad_reply",
    **dict.fromkeys(("credentials_missing", "credentials_refused"), "relay_denied"),
    "insecure_url": "relay_bad_address",
    "bad_server_url": "relay_bad_address",
    "host_not_allowed": "relay_elsewhere",
}
"""The same trouble when it is the relay's: people are told another sentence."""

PERMANENT = frozenset(
    {"foreign_realm", "insecure_url", "bad_server_url", "bad_device", "host_not_allowed", "client_certificate_bad"}
)
"""Only a person can mend it: trying again within one run is useless."""

ANSWER_CODES = (
    "same_code",
    "other_receipt",
    "different_children",
    "id_reused",
    "negates_unknown",
    "waits_for_negated",
    "receipt_closed",
    "receipt_incomplete",
    "unknown_delivery",
    "bad_item",
    "unknown_line",
    "wrong_line",
    "wrong_drug",
    "equation_open",
    "negates_other_receipt",
    "not_reversible",
    "poisoned",
    "busy",
    "close_differs",
    "waits_for_held",
    "body_damaged",
    "too_large",
    "bad_request",
    "unspecified",
)
"""Codes that a row can carry: those of middleware.yaml and its sandbox, then our own. A server may bring others."""


REFUSALS = (
    "manifest_unreadable",
    "manifest_rows_wrong",
    "manifest_digest_wrong",
    "manifest_too_large",
    "manifest_gone",
)
"""Why a version of a manifest is not taken in. Its supplier mends it by sending another version."""


class SyncError(Exception):
    """The world said no. `code` is one of CODES; the rest tells the caller what became of the request."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        may_have_left: bool = False,
        status: int | None = None,
        problem: str | None = None,
        retry_after_s: int | None = None,
        subject: str | None = None,
    ) -> None:
        """`may_have_left`: the server may have acted on it. `status`, `problem`: of an HTTP reply that is a no.

        `subject`: what the trouble is about, as it may be shown: the name of a member."""
        if code not in CODES:
            raise ValueError(f"unknown sync error code {code!r}")
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.may_have_left = may_have_left
        self.status = status
        self.problem = problem
        self.retry_after_s = retry_after_s
        self.subject = subject


class Refusal(SyncError):
    """The insurance, or somebody before it, understood the call and said no.

    `said` is its sentence for the person at the desk; it may name the patient, so it is shown and never logged: it
    stands in no text of this error. `number` is its own code, `reference` its number of this call.
    """

    def __init__(self, code: str, *, said: str = "", number: str = "", reference: str = "") -> None:
        super().__init__(code, number if number.lstrip("-").isdigit() and len(number) <= 8 else "")
        self.said = said
        self.number = number
        self.reference = reference
