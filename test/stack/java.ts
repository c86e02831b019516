import { join } from "node:path";

/** Virtual machine options shared by all Java services: small, quick to start, tidy. */
export function javaOptions(directory: string): string[] {
  return [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    // Else each leaves a file in /tmp/hsperfdata_<user> when it is killed.
    "-XX:-UsePerfData",
    // Native libraries (zstd, snappy) and the registry's web files are unpacked here.
    `-Djava.io.tmpdir=${directory}`,
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
  ];
}

export function classPath(directory: string): string[] {
  return ["-cp", join(directory, "*")];
}

/** A Java properties file. */
export function properties(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
