import { quotePath, UsageError } from "../errors.ts";

/** Maximum number of CPUs or nodes in a mask: the limit of `sched_setaffinity` and `set_mempolicy` of common kernels. */
const MAX_MASK_BITS = 1024;

/**
 * Returns the CPUs or memory nodes in a mask, in ascending order. The digits are hexadecimal, the most significant first, with or
 * without "0x", even if they look like a decimal number: "ff00" is 8 to 15, "10" is 4. Commas may separate groups of eight digits,
 * as in /sys/.../local_cpus.
 *
 * @param shown name of the setting in messages.
 * @throws {UsageError} for other characters, an empty mask, or more than 1,024 bits.
 */
export function parseMask(text: string, shown = "Mask"): number[] {
  const match = /^(?:0x)?([0-9a-f]+|[0-9a-f]{1,8}(?:,[0-9a-f]{8})+)$/i.exec(text);
  if (!match) {
    throw new UsageError(`${shown} must be hexadecimal digits, not ${quotePath(text)}`, {
      hint: 'Each bit is one CPU or node, and the last digit is the first four: "ff00" is 8 to 15',
    });
  }
  const digits = match[1].replaceAll(",", "").replace(/^0+/, "");
  if (digits === "") throw new UsageError(`${shown} is empty: no bit of ${quotePath(text)} is set`);
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
