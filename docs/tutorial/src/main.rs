fn main() -> std::process::ExitCode {
    host::run(&library::APPLICATION)
}
