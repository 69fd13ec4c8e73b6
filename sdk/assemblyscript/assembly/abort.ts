// Where failed assertions, `throw` and errors of the runtime end.
//
// Declares its import itself: the compiler (0.27.37) crashes when the function behind `--use abort=`
// leads to a module whose globals are not compiled yet.
@external("wapc", "__console_log")
declare function logText(text: usize, size: usize): void;

/**
 * Writes what happened to the host's log; the trap that follows carries no text. The option
 * `--use abort=~lib/trellis-actor/assembly/abort/abort` of the compiler puts it in place.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "aborted" : message;
  const where = file === null ? "" : " at " + file + ":" + line.toString() + ":" + column.toString();
  const text = String.UTF8.encode(what + where);
  logText(changetype<usize>(text), text.byteLength);
}
