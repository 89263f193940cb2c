"""What is used of google-re2."""

class error(Exception): ...  # noqa: N801 - the library's name

class Options:
    log_errors: bool
    max_mem: int

class Pattern:
    def search(self, text: str) -> object | None: ...

def compile(pattern: str, options: Options | None = ...) -> Pattern: ...  # noqa: A001 - the library's name
