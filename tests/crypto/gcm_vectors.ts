/**
 * Known answers of AES-GCM with a nonce of 96 bits and a tag of 128, in hexadecimal: the test cases of McGrew and Viega,
 * "The Galois/Counter Mode of Operation (GCM)", appendix B, and some of NIST's CAVP (gcmEncryptExtIV128, -256).
 */

/** One message. The length of the key determines the cipher. */
export interface GcmVector {
  name: string;
  key: string;
  nonce: string;
  aad: string;
  payload: string;
  /** The encrypted payload, then the tag. */
  sealed: string;
}

export const GCM_VECTORS: readonly GcmVector[] = [
  {
    name: "test case 1",
    key: "00000000000000000000000000000000",
    nonce: "000000000000000000000000",
    aad: "",
    payload: "",
    sealed: "58e2fccefa7e3061367f1d57a4e7455a",
  },
  {
    name: "test case 2",
    key: "00000000000000000000000000000000",
    nonce: "000000000000000000000000",
    aad: "",
    payload: "00000000000000000000000000000000",
    sealed: "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
  },
  {
    name: "test case 3",
    key: "feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    aad: "",
    payload: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953" +
      "2fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c" +
      "7d8f6a5aac84aa051ba30b396a0aac973d58e091473f59854d5c2af327cd64a62cf35abd2ba6fab4",
  },
  {
    name: "test case 4",
    key: "feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    payload: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953" +
      "2fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c" +
      "7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    name: "test case 13",
    key: "0000000000000000000000000000000000000000000000000000000000000000",
    nonce: "000000000000000000000000",
    aad: "",
    payload: "",
    sealed: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "test case 14",
    key: "0000000000000000000000000000000000000000000000000000000000000000",
    nonce: "000000000000000000000000",
    aad: "",
    payload: "00000000000000000000000000000000",
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "test case 15",
    key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    aad: "",
    payload: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953" +
      "2fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d" +
      "a7b08b1056828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c",
  },
  {
    name: "test case 16",
    key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    payload: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953" +
      "2fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d" +
      "a7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  },
  {
    name: "CAVP gcmEncryptExtIV128, 0 bits, 0 authenticated",
    key: "11754cd72aec309bf52f7687212e8957",
    nonce: "3c819d9a9bed087615030b65",
    aad: "",
    payload: "",
    sealed: "250327c674aaf477aef2675748cf6971",
  },
  {
    name: "CAVP gcmEncryptExtIV128, 128 bits, 0 authenticated",
    key: "7fddb57453c241d03efbed3ac44e371c",
    nonce: "ee283a3fc75575e33efd4887",
    aad: "",
    payload: "d5de42b461646c255c87bd2962d3b9a2",
    sealed: "2ccda4a5415cb91e135c2a0f78c9b2fdb36d1df9b9d5e596f83e8b7f52971cb3",
  },
  {
    name: "CAVP gcmEncryptExtIV128, 0 bits, 128 authenticated",
    key: "77be63708971c4e240d1cb79e8d77feb",
    nonce: "e0e00f19fed7ba0136a797f3",
    aad: "7a43ec1d9c0a5a78a0b16533a6213cab",
    payload: "",
    sealed: "209fcc8d3675ed938e9c7166709dd946",
  },
  {
    name: "CAVP gcmEncryptExtIV128, 128 bits, 128 authenticated",
    key: "c939cc13397c1d37de6ae0e1cb7c423c",
    nonce: "b3d8cc017cbb89b39e0f67e2",
    aad: "24825602bd12a984e0092d3e448eda5f",
    payload: "c3b3c41f113a31b73d9a5cd432103069",
    sealed: "93fe7d9e9bfd10348a5606e5cafa73540032a1dc85f1c9786925a2e71d8272dd",
  },
  {
    name: "CAVP gcmEncryptExtIV256, 0 bits, 0 authenticated",
    key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
    nonce: "516c33929df5a3284ff463d7",
    aad: "",
    payload: "",
    sealed: "bdc1ac884d332457a1d2664f168c76f0",
  },
  {
    name: "CAVP gcmEncryptExtIV256, 128 bits, 0 authenticated",
    key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
    nonce: "0d18e06c7c725ac9e362e1ce",
    aad: "",
    payload: "2db5168e932556f8089a0622981d017d",
    sealed: "fa4362189661d163fcd6a56d8bf0405ad636ac1bbedd5cc3ee727dc2ab4a9489",
  },
  {
    name: "CAVP gcmEncryptExtIV256, 0 bits, 128 authenticated",
    key: "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223",
    nonce: "d79cf22d504cc793c3fb6c8a",
    aad: "b96baa8c1c75a671bfb2d08d06be5f36",
    payload: "",
    sealed: "3e5d486aa2e30b22e040b85723a06e76",
  },
  {
    name: "CAVP gcmEncryptExtIV256, 128 bits, 128 authenticated",
    key: "92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b",
    nonce: "ac93a1a6145299bde902f21a",
    aad: "1e0889016f67601c8ebea4943bc23ad6",
    payload: "2d71bcfa914e4ac045b2aa60955fad24",
    sealed: "8995ae2e6df3dbf96fac7b7137bae67feca5aa77d51d4a0a14d9c51e1da474ab",
  },
];
