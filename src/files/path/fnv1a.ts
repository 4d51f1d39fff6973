/** FNV-1a, 64 bits (draft-eastlake-fnv): names that need not withstand an attacker. Returns 16 hexadecimal digits. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
