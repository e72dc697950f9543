"""Whom the patient process of this site asks: the line, the form and the signing as the site has set them up.

Called in the patient process, which shares the data folder's settings and secrets with the window and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.settings import Settings
from app.base.vault import SEAL_SECRET, SEAL_SIGNING, Vault
from app.domain.profile_wire import wire_of
from app.flows.claim_profiles import load_profile
from app.flows.wire_settings import Line, line_of
from app.patient import wire
from app.patient.library_decoder import LibraryDecoder
from app.patient.plan import HIS, HTTP, LIBRARY, Plan
from app.patient.ports import Decoder, PatientTrouble
from app.patient.process import Tell, World
from app.patient.remote import EnvelopeDecoder, EnvelopeInsurance, HisDecoder, NoDecoder, SignIn, told
from app.patient.wire import Hello, Told
from sync.endpoints import middleware_site
from sync.envelope_form import EnvelopeForm, SealForm, form_of
from sync.insurance import InsuranceLine
from sync.message_ids import MessageIds
from sync.ports import SyncSettings
from sync.sealing import SealSecrets, seal_of
from sync.transport import HttpTransport

SLOTS, PROCESSES = 100, 10
"""Shares of a second's message numbers: one for each device, and in it one for each of ten processes that follow."""
MIDDLEWARE_PATH = "v1/evoucher/transactions"


@dataclass(frozen=True, slots=True)
class Place:
    """The installation that a patient process belongs to."""

    paths: DataPaths
    server: str | None
    library: tuple[str, ...]  # the command of the child that loads the national library


def world_of(place: Place, hello: Hello, tell: Tell) -> World:
    """Raises PatientTrouble: whatever is not set up, with its code."""
    try:
        settings = Settings.load(place.paths)
        line = line_of(settings, place.paths.root, Vault(place.paths.secrets))
        form = envelope_form(settings, place.paths)
        secrets = _secrets(settings, Vault(place.paths.secrets), form)
    except Trouble as trouble:
        raise PatientTrouble(trouble.code, **{name: str(value) for name, value in trouble.values.items()}) from None
    server = place.server or settings.text("server")
    if not server:
        raise PatientTrouble("server_missing")
    makers = _Lines(line, hello, tell, secrets, _numbers(form.institution, hello))
    middleware = makers.transport(server)
    handing = makers.line(middleware, for_middleware(form))
    if hello.plan.backend != HTTP:
        return World(_decoder(hello.plan, form, middleware, place.library), EnvelopeInsurance(handing, handing))
    address = settings.text("evoucher_url") or told(lambda: middleware_site.get(middleware)).addresses.evoucher
    if not address:
        raise PatientTrouble("decoder_absent")
    asking = makers.line(makers.transport(address), form)
    decoder = EnvelopeDecoder(asking)
    return World(decoder, EnvelopeInsurance(asking, handing, decoder.came_along))


def envelope_form(settings: Settings, paths: DataPaths) -> EnvelopeForm:
    """The envelope of the active profile, with what the site says of itself in its profile.toml.

    Raises Trouble: profile_unknown, profile_bad, evoucher_form_bad.
    """
    profile = load_profile(settings.text("claims_profile"), paths.root / "profile.toml")
    try:
        return form_of(wire_of(profile, {}))
    except ValueError as error:
        raise Trouble("evoucher_form_bad", why=str(error)) from error


def _secrets(settings: Settings, vault: Vault, form: EnvelopeForm) -> SealSecrets:
    """The vault is opened only where the form signs."""
    if settings.text("evoucher") != HTTP or form.seal.kind == "none":
        return SealSecrets()
    key = settings.text("evoucher_seal_key")
    return SealSecrets(key, vault.read(SEAL_SECRET) or "", vault.read(SEAL_SIGNING) or "")


def for_middleware(form: EnvelopeForm) -> EnvelopeForm:
    """The same envelope on its way to the middleware, which signs in and seals by itself."""
    return replace(form, path=MIDDLEWARE_PATH, paths=(), reply_path=(), sign_in="none", seal=SealForm())


def _numbers(institution: str, hello: Hello) -> MessageIds:
    """One source for all lines: two of them would give the same number out twice within a second."""
    device = int.from_bytes(hashlib.sha256(hello.device.encode()).digest()[:8], "big") % SLOTS
    slot = device * PROCESSES + hello.serial % PROCESSES
    return told(lambda: MessageIds(institution, hello.device, slot, SLOTS * PROCESSES))


@dataclass(frozen=True, slots=True)
class _Lines:
    site: Line
    hello: Hello
    tell: Tell
    secrets: SealSecrets
    ids: MessageIds

    def transport(self, address: str) -> HttpTransport:
        site, device = self.site, self.hello.device
        return told(
            lambda: HttpTransport(
                address, device, settings=SyncSettings(), trust=site.trust, credential=site.credential
            )
        )  # fmt: skip

    def line(self, transport: HttpTransport, form: EnvelopeForm) -> InsuranceLine:
        seal = told(lambda: seal_of(form.seal, self.secrets))
        sign_in = SignIn(self.hello.sign_no, self._signed_on)
        return InsuranceLine(transport, form, seal, self.ids, sign_in=sign_in)

    def _signed_on(self, number: str) -> None:
        self.tell(Told(event=wire.SIGNED_ON, values={"sign_no": number}))


def _decoder(plan: Plan, form: EnvelopeForm, middleware: HttpTransport, library: Sequence[str]) -> Decoder:
    if plan.backend == HIS:
        return HisDecoder(middleware)
    if plan.backend == LIBRARY:
        decode = form.decode
        org = plan.org or decode.org_id or form.institution
        return LibraryDecoder(replace(plan, org=org, office=decode.office_id, office_name=decode.office_name), library)
    return NoDecoder()
