"""What the columns of a file mean: headers as programs and people write them in English, Spanish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plugins.clients.domain.imports.custom import PREFIX, Custom
from plugins.clients.domain.register import normalise

_SYNONYMS: Final[Mapping[str, str]] = {
    "full_name": """
        name, full name, fullname, client, client name, customer, customer name, member, member name, athlete, contact, contact name, display name,
        nombre, nombre completo, nombre y apellidos, nombre y apellido, apellidos y nombre, cliente, nombre cliente, nombre del cliente, socio,
        alumno, atleta, contacto, nome, nome completo, nome do cliente, nome cliente, aluno, nome do aluno, socio nome, contato""",
    "first_name": """
        first name, firstname, given name, forename, nombre de pila, primer nombre, nombres, primeiro nome, nome proprio""",
    "last_name": """
        last name, lastname, surname, family name, last names, apellido, apellidos, primer apellido, sobrenome, apelido, ultimo nome,
        nome de familia""",
    "email": """
        email, e mail, mail, email address, e mail address, emailaddress, correo, correo electronico, direccion de correo, direccion de correo
        electronico, direccion de email, endereco de email, endereco de e mail, endereco eletronico, correio eletronico, email do cliente""",
    "phone": """
        phone, phone number, phonenumber, telephone, telephone number, tel, mobile, mobile phone, mobile number, cell, cell phone, cellphone,
        contact number, whatsapp, telefono, numero de telefono, tfno, movil, telefono movil, celular, numero de celular, telefone, numero de telefone,
        telemovel, fone""",
    "birth_date": """
        birth date, birthdate, date of birth, dob, birthday, born, born on, fecha de nacimiento, fecha nacimiento, nacimiento, f nacimiento, fnac,
        cumpleanos, data de nascimento, data nascimento, nascimento, data nasc, dt nascimento, aniversario""",
    "status": """
        status, state, client status, membership status, active, estado, estatus, situacion, estado del cliente, activo, situacao,
        estado do cliente, ativo""",
    "lifecycle_stage": "lifecycle stage, lifecycle, stage, client stage, pipeline stage, etapa, fase, ciclo de vida, estagio, etapa do cliente",
    "tags": "tags, tag, labels, label, groups, group, etiquetas, etiqueta, grupos, grupo, marcadores, marcador, categorias, categoria, categories",
    "notes": """
        notes, note, comments, comment, remarks, notas, nota, observaciones, observacion, comentarios, comentario, observacoes, observacao, obs,
        anotacoes, anotacao""",
    "assigned_to": """
        assigned to, assigned, trainer, coach, personal trainer, instructor, nutritionist, responsible, owner, entrenador, entrenadora, entrenador
        asignado, nutricionista, responsable, asignado a, profesional, treinador, treinadora, personal, responsavel, atribuido a, profissional,
        professor""",
}
_MEANING: Final = {re.sub(r"\s+", " ", name).strip(): field for field, names in _SYNONYMS.items() for name in names.split(",")}
_OURS: Final = frozenset({"id", "version", "created at", "updated at", "archived at", "merged into", "lifecycle since"})
"""What our own export writes besides; read back without a word."""
_NOT_LETTERS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field is, those of the workspace's own as `custom_fields.<name>`. headers: as written, by field; ignored: headers nothing is
    read from."""

    places: Mapping[str, int]
    headers: Mapping[str, str]
    ignored: Sequence[str]

    @property
    def named(self) -> bool:
        """Whether clients have a name here."""
        return not self.places.keys().isdisjoint({"full_name", "first_name", "last_name"})


def meaning(header: str) -> str | None:
    """The field a header stands for. Case, accents, dots, underscores and what stands in brackets do not matter."""
    plain = _plain(header)
    return _MEANING.get(plain) or _MEANING.get(_plain(header.partition("(")[0]))


def known(headers: Sequence[str]) -> int:
    """How many headers stand for something."""
    return sum(meaning(each) is not None or _plain(each) in _OURS for each in headers)


def header_of(custom: Custom) -> str:
    """What an export writes over a field of the workspace's own, so that it reads back as this one."""
    plain = _plain(custom.name)
    return PREFIX + custom.name if plain in _MEANING or plain in _OURS else custom.name


def read_header(headers: Sequence[str], custom: Sequence[Custom] = ()) -> Columns:
    """What the columns mean; of two for the same field the first counts. Beside surnames, `name` is the given name. custom: fields of the
    workspace's own, by name or title, where the header is none of ours."""
    own = {_plain(spelled): PREFIX + each.name for each in reversed(custom) for spelled in (each.title, each.name, PREFIX + each.name) if spelled}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, header in enumerate(headers):
        field = meaning(header) or own.get(_plain(header))
        if field is None or field in places:
            if header.strip() and _plain(header) not in _OURS:
                ignored.append(header.strip()[:100])
            continue
        places[field] = place
    if "last_name" in places and "first_name" not in places and "full_name" in places:
        places["first_name"] = places.pop("full_name")
    return Columns(places, {field: headers[place].strip()[:100] for field, place in places.items()}, ignored)


def _plain(header: str) -> str:
    return _NOT_LETTERS.sub(" ", normalise(header)).strip()
