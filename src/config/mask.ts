import { quotePath, UsageError } from "../errors.ts";

/** Most CPUs or nodes that a mask can name: what `sched_setaffinity` and `set_mempolicy` of common kernels take. */
export const MAX_MASK_BITS = 1024;

/**
 * The CPUs or memory nodes that a mask names, ascending. Its digits are hexadecimal, the most significant first, with
 * or without "0x" and whether or not they look like a decimal number: "ff00" is 8 to 15, "10" is 4. As in
 * /sys/.../local_cpus, commas may divide groups of eight digits.
 *
 * @param shown Where the mask comes from, for the message.
 * @throws {UsageError} for other characters, a mask that names nothing, or more than 1,024 bits.
 */
export function parseMask(text: string, shown = "Mask"): number[] {
  const match = /^(?:0x)?([0-9a-f]+|[0-9a-f]{1,8}(?:,[0-9a-f]{8})+)$/i.exec(text);
  if (!match) {
    throw new UsageError(`${shown} must be hexadecimal digits, not ${quotePath(text)}`, {
      hint: 'Each bit is one CPU or node, the last digit has the first four: "ff00" is 8 to 15',
    });
  }
  const digits = match[1].replaceAll(",", "").replace(/^0+/, "");
  if (digits === "") throw new UsageError(`${shown} names nothing: no bit of ${quotePath(text)} is set`);
  const numbers: number[] = [];
  for (let digit = 0; digit < digits.length; digit++) {
    const value = parseInt(digits[digits.length - 1 - digit], 16);
    for (let bit = 0; bit < 4; bit++) {
      if (value & (1 << bit)) numbers.push(digit * 4 + bit);
    }
    if (numbers.length > 0 && numbers[numbers.length - 1] >= MAX_MASK_BITS) {
      throw new UsageError(`${shown} must have at most ${MAX_MASK_BITS} bits`);
    }
  }
  return numbers;
}
