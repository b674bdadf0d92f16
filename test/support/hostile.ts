/** A value of an attacker of whoever reads it on a terminal, and what a terminal must not be sent. */

/** A colour, a title (OSC), BEL, CSI as one octet of C1, a line that looks like ours, DEL, a line separator and two turns of direction. */
export const hostile = 'a\u001b[31mb\u001b]0;owned\u0007c\u009b2Jd\r\nFORGED: all is well\u007fe\u2028f\u202eg\u2066h'

/** Whether a text has a control other than line ends and tabs, or what turns or ends lines in Unicode. */
export function steers(text: string): boolean {
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text)
}

/** As a string in double quotes of a .cnf file. */
export function inCnf(text: string): string {
  const escaped = text.replace(/[\u0000-\u001f\u007f-\u009f"\\]/g, (one) =>
    one === '"' || one === '\\' ? `\\${one}` : `\\u{${one.charCodeAt(0).toString(16)}}`,
  )
  return `"${escaped}"`
}
