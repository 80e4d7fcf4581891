"""Certificates for tests: an authority and what it signs."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """A certificate authority. `file` is its certificate, PEM."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def server_options(self, *names: str) -> tuple[str, ...]:
        """Arguments for mariadbd: TLS with a certificate that is valid for these DNS names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(names[0], self.certificate.subject, key)
        signed = builder.add_extension(x509.SubjectAlternativeName([_name(n) for n in names]), critical=False).sign(self.key, SHA256())
        cert_file, key_file = self.file.with_name("server.pem"), self.file.with_name("server_key.pem")
        cert_file.write_bytes(signed.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
        return f"--ssl-cert={cert_file}", f"--ssl-key={key_file}", f"--ssl-ca={self.file}"


def make_authority(folder: Path) -> Authority:
    """A new authority whose files are in `folder`."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("Test authority", _subject("Test authority"), key)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, SHA256())
    file = folder / "ca.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(file, certificate, key)


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
