"""Builds what is not Python: the descriptors of proto/, and the extension `tiltyard._core`.

Everything else is in pyproject.toml. Objects are kept under build/ with the headers each was made
from, so that a change rebuilds only what it touches. TILTYARD_SANITIZE=address or thread builds an
instrumented extension; `make asan` and `make tsan` use it.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent.resolve()
DESCRIPTORS = ROOT / "src/tiltyard/protocol/descriptors.binpb"

GCC_VERSION_MIN = 12
HEADERS = {
    "nghttp2/nghttp2.h": "libnghttp2-dev",
    "openssl/ssl.h": "libssl-dev",
    "zlib.h": "zlib1g-dev",
    "protozero/version.hpp": "libprotozero-dev",
    "xxhash.h": "libxxhash-dev",
}
LIBRARIES = ["-lnghttp2", "-lssl", "-lcrypto", "-lz", "-ldl", "-lpthread"]
FLAGS = ["-std=c++20", "-fPIC", "-g", "-fvisibility=hidden", "-Wall", "-Wextra"]
# Cython's C++ is not ours to warn about.
FLAGS_GENERATED = ["-w"]
FLAVOURS = {
    "": ["-O3", "-flto=auto"],
    "address": [
        "-O1",
        "-fno-omit-frame-pointer",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ],
    "thread": ["-O1", "-fno-omit-frame-pointer", "-fsanitize=thread"],
}


def fail(message: str) -> None:
    """End the build with one sentence and no traceback."""
    sys.stderr.write(f"\ntiltyard: {message}\n\n")
    raise SystemExit(1)


def compiler() -> list[str]:
    return shlex.split(os.environ.get("CXX", "g++"))


def output_of(command: list[str], text: str = "") -> str:
    return subprocess.run(
        command, input=text, capture_output=True, check=True, encoding="utf-8"
    ).stdout


def check_system() -> None:
    """Say which system packages are missing, and how to get them, before anything is compiled."""
    try:
        version = output_of([*compiler(), "-dumpversion"]).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        fail(f"there is no C++ compiler ({error}). On Debian: apt-get install g++")
    if "clang" not in compiler()[0] and int(version.split(".")[0]) < GCC_VERSION_MIN:
        fail(f"g++ {GCC_VERSION_MIN} or newer is needed; {compiler()[0]} is {version}")
    probe = "".join(f"#if __has_include(<{h}>)\nhas {h}\n#endif\n" for h in HEADERS)
    found = output_of([*compiler(), "-x", "c++", "-E", "-P", "-"], probe)
    missing = [header for header in HEADERS if f"has {header}" not in found.splitlines()]
    packages = " ".join(HEADERS[header] for header in missing)
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        missing.append("Python.h")
        packages += " python3-dev"
    if missing:
        fail(
            f"these headers are missing: {', '.join(missing)}."
            f" On Debian and Ubuntu: apt-get install {packages}"
        )


def is_stale(target: Path, sources: list[Path]) -> bool:
    """Whether `target` has to be made again: it is not there, or a source is newer or gone."""
    if not target.exists():
        return True
    made = target.stat().st_mtime_ns
    return any(not source.exists() or source.stat().st_mtime_ns > made for source in sources)


def build_descriptors() -> None:
    """One serialized FileDescriptorSet of everything under proto/; protoc writes imports first."""
    protos = sorted((ROOT / "proto").rglob("*.proto"))
    if not is_stale(DESCRIPTORS, [*protos, ROOT / "setup.py"]):
        return
    names = [proto.relative_to(ROOT / "proto").as_posix() for proto in protos]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", "-Iproto", "--include_imports"]
    subprocess.run([*protoc, f"--descriptor_set_out={DESCRIPTORS}", *names], cwd=ROOT, check=True)


class BuildPython(build_py):  # type: ignore[misc]  # setuptools ships no types
    """The Python files, with the generated descriptors among the package data."""

    def run(self) -> None:
        build_descriptors()
        super().run()


class BuildNative(build_ext):  # type: ignore[misc]  # setuptools ships no types
    """The extension, compiled in parallel, and only where something changed."""

    def run(self) -> None:
        build_descriptors()
        check_system()
        super().run()

    def build_extension(self, ext: Extension) -> None:
        flavour = os.environ.get("TILTYARD_SANITIZE", "")
        if flavour not in FLAVOURS:
            fail(f"TILTYARD_SANITIZE is {flavour!r}; it can be 'address' or 'thread'")
        folder = ROOT / "build" / "extension" / (flavour or "plain")
        generated = self.generate(ext)
        sources = [generated, *sorted((ROOT / "native").glob("*/*.cpp"))]
        # The stop flag is checked between files: the first error ends the build.
        jobs = int(os.environ.get("TILTYARD_BUILD_JOBS", os.cpu_count() or 1))
        with ThreadPoolExecutor(jobs) as pool:
            made = [pool.submit(compile_one, s, folder, flavour, s == generated) for s in sources]
            try:
                objects = [future.result() for future in made]
            except subprocess.CalledProcessError:
                pool.shutdown(cancel_futures=True)
                fail("the extension did not compile; the compiler's message is above")
        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        if is_stale(target, objects):
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [*compiler(), "-shared", *FLAVOURS[flavour], "-o", str(target)]
                + [str(path) for path in objects]
                + LIBRARIES,
                check=True,
            )

    def generate(self, ext: Extension) -> Path:
        """The binding's C++; Cython itself knows when it is up to date."""
        from Cython.Build import cythonize

        made = cythonize(
            [Extension(ext.name, ext.sources, language="c++")],
            build_dir="build/cython",
            include_path=["native/binding"],
            quiet=True,
        )
        source: str = made[0].sources[0]
        return ROOT / source


def compile_one(source: Path, folder: Path, flavour: str, generated: bool) -> Path:
    """The object of one source; made again when a header it includes or the command changed."""
    name = source.relative_to(ROOT).with_suffix("")
    target = folder / f"{name}.o"
    depends, command_file = target.with_suffix(".d"), target.with_suffix(".command")
    command = [*compiler(), *FLAGS, *FLAVOURS[flavour], *(FLAGS_GENERATED if generated else [])]
    command += [f"-I{ROOT / 'native'}", f"-I{sysconfig.get_path('include')}"]
    command += ["-MMD", "-MF", str(depends), "-c", str(source), "-o", str(target)]
    text = shlex.join(command)
    if command_file.exists() and depends.exists() and command_file.read_text() == text:
        listed = depends.read_text().replace("\\\n", " ").partition(":")[2].split()
        if not is_stale(target, [ROOT / path for path in listed]):
            return target
    target.parent.mkdir(parents=True, exist_ok=True)
    print(f"c++ {name}.cpp", flush=True)
    subprocess.run(command, check=True, cwd=ROOT)
    command_file.write_text(text)
    return target


setup(
    ext_modules=[Extension("tiltyard._core", ["native/binding/_core.pyx"])],
    cmdclass={"build_ext": BuildNative, "build_py": BuildPython},
)
