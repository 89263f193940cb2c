"""What the columns of a file mean: headers as programs and people write them in English, Spanish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
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
    "middle_name": "middle name, middle names, second name, segundo nombre, nome do meio, segundo nome",
    "last_name": """
        last name, lastname, surname, family name, last names, first surname, apellido, apellidos, apellido 1, apellido1, 1 apellido, 1er apellido,
        1 er apellido, 1o apellido, 1 o apellido, primer apellido, apellido paterno, sobrenome, sobrenome 1, primeiro sobrenome, apelido, apelidos,
        primeiro apelido, apelido 1, ultimo nome, nome de familia""",
    "second_last_name": """
        second last name, second surname, last name 2, surname 2, apellido 2, apellido2, 2 apellido, 2do apellido, 2 do apellido, 2o apellido,
        2 o apellido, segundo apellido, apellido materno, sobrenome 2, segundo sobrenome, segundo apelido, apelido 2, ultimo apelido""",
    "email": """
        email, e mail, mail, email address, e mail address, emailaddress, correo, correo electronico, direccion de correo, direccion de correo
        electronico, direccion de email, endereco de email, endereco de e mail, endereco eletronico, correio eletronico, email do cliente""",
    "phone": """
        phone, phone number, phonenumber, telephone, telephone number, tel, mobile, mobile phone, mobile number, cell, cell phone, cellphone,
        contact number, whatsapp, telefono, numero de telefono, tfno, movil, telefono movil, celular, numero de celular, telefone, numero de telefone,
        telemovel, numero de telemovel, fone, telefono 1, telefono 2, telefone 1, telefone 2, phone 1, phone 2, telefono fijo, telefone fixo""",
    "birth_date": """
        birth date, birthdate, date of birth, dob, birthday, born, born on, fecha de nacimiento, fecha nacimiento, nacimiento, f nacimiento, fnac,
        cumpleanos, data de nascimento, data nascimento, nascimento, data nasc, data de nasc, dt nasc, nasc,
        fecha nac, fecha de nac, f nac, dt nascimento, aniversario""",
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
_AMBIGUOUS: Final = frozenset({"name", "nombre", "nome"})
"""Beside surnames a given name, alone the whole one."""
_DOUBTFUL: Final = frozenset(
    {
        "state", "estado", "situacion", "situacao", "stage", "etapa", "fase", "estagio", "owner", "responsible", "responsable", "responsavel",
        "profesional", "profissional", "professor", "personal",
    }
)  # fmt: skip
"""As often part of an address, of a plan or of a person's own life: what the cells say tells."""
_NUMBERED: Final = re.compile(r"\A(?:n|no|nr|num|numero) (?:de |do )?|\A(.*) (?:n|no|nr|num|numero)\Z")
_OURS: Final = frozenset({"id", "version", "created at", "updated at", "archived at", "merged into", "lifecycle since"})
"""What our own export writes besides; read back without a word."""
_NOT_LETTERS: Final = re.compile(r"[\W_]+")


PARTS: Final = ("first_name", "middle_name", "last_name", "second_last_name")
"""Of a name, in the order in which they make one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field is, those of the workspace's own as `custom_fields.<name>`: of several places the first that is filled counts, and notes and
    tags add up. written: every header; ignored: those nothing is read from; unlike: those that stand for something else than they seem to."""

    places: Mapping[str, Sequence[int]]
    written: Sequence[str]
    ignored: Sequence[str]
    unlike: Collection[str] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The header of each field; where there are several, the first."""
        return {field: self.written[places[0]] for field, places in self.places.items()}

    @property
    def described(self) -> Mapping[str, str]:
        """All headers of each field."""
        return {field: ", ".join(self.written[place] for place in places) for field, places in self.places.items()}

    @property
    def named(self) -> bool:
        """Whether clients have a name here."""
        return not self.places.keys().isdisjoint({"full_name", *PARTS})


def meaning(header: str) -> str | None:
    """The field a header stands for. Case, accents, dots, underscores and what stands in brackets do not matter."""
    plain = _plain(header)
    found = _MEANING.get(plain) or _MEANING.get(_plain(header.partition("(")[0]))
    # `Telemóvel nº` is a telephone; `Nº de cliente` is not their name.
    return found or ("phone" if _MEANING.get(_NUMBERED.sub(r"\1", plain)) == "phone" else None)


def doubtful(header: str) -> str | None:
    """The field a header stands for when it may as well stand for something else."""
    return meaning(header) if _plain(header) in _DOUBTFUL or _plain(header.partition("(")[0]) in _DOUBTFUL else None


def written(header: str) -> str:
    """A header as it is told."""
    return header.strip()[:100]


def known(headers: Sequence[str]) -> int:
    """How many headers stand for something."""
    return sum(meaning(each) is not None or _plain(each) in _OURS for each in headers)


def header_of(custom: Custom) -> str:
    """What an export writes over a field of the workspace's own, so that it reads back as this one."""
    plain = _plain(custom.name)
    return PREFIX + custom.name if plain in _MEANING or plain in _OURS else custom.name


def read_header(headers: Sequence[str], custom: Sequence[Custom] = (), unlike: Collection[str] = ()) -> Columns:
    """What the columns mean. Beside surnames, `name` is the given name. custom: fields of the workspace's own, by name or title, where the header is
    none of ours; unlike: headers that stand for something else than they seem to."""
    own = {_plain(spelled): PREFIX + each.name for each in reversed(custom) for spelled in (each.title, each.name, PREFIX + each.name) if spelled}
    fields = [(None if written(header) in unlike else meaning(header)) or own.get(_plain(header)) for header in headers]
    if "first_name" not in fields and not {"last_name", "second_last_name"}.isdisjoint(fields):
        fields = ["first_name" if _plain(header) in _AMBIGUOUS else field for field, header in zip(fields, headers, strict=True)]
    told = [written(header) for header in headers]
    places: dict[str, list[int]] = {}
    for place, field in enumerate(fields):
        if field is not None:
            places.setdefault(field, []).append(place)
    ignored = [name for name, field in zip(told, fields, strict=True) if field is None and name and _plain(name) not in _OURS]
    return Columns(places, told, ignored, unlike)


def _plain(header: str) -> str:
    return _NOT_LETTERS.sub(" ", normalise(header)).strip()
