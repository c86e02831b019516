/** Ends the process when whoever reads its stdout has left, as `head` does; `clean` is done before. */
export function endWithReader(clean: () => void = () => {}): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    clean();
    if (error.code !== "EPIPE")
      process.stderr.write(`stdout cannot be written: ${error.message}\n`);
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
}
