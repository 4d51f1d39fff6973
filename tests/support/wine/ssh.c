/* ssh.exe of the tests with Wine: passes its arguments and pipes to the loopback port SSH_BRIDGE (ssh_bridge.ts). */

#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static SOCKET bridge;
static char up[65536], down[65536];

static BOOL send_all(const char *bytes, int count) {
  while (count > 0) {
    int sent = send(bridge, bytes, count, 0);
    if (sent <= 0) return FALSE;
    bytes += sent;
    count -= sent;
  }
  return TRUE;
}

static DWORD WINAPI copy_input(LPVOID unused) {
  DWORD count;
  while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), up, sizeof up, &count, NULL) && count > 0) {
    if (!send_all(up, count)) return 0;
  }
  shutdown(bridge, SD_SEND);
  return 0;
}

int main(int count, char **words) {
  WSADATA data;
  struct sockaddr_in address = {0};
  WSAStartup(MAKEWORD(2, 2), &data);
  bridge = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(getenv("SSH_BRIDGE")));
  address.sin_addr.s_addr = inet_addr("127.0.0.1");
  if (connect(bridge, (struct sockaddr *)&address, sizeof address) != 0) return 255;
  for (int index = 1; index < count; index++) send_all(words[index], (int)strlen(words[index]) + 1);
  /* No argument contains this byte. */
  send_all("\1", 1);
  CreateThread(NULL, 0, copy_input, NULL, 0, NULL);
  int received;
  while ((received = recv(bridge, down, sizeof down, 0)) > 0) {
    DWORD written;
    for (int at = 0; at < received; at += (int)written) {
      if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), down + at, received - at, &written, NULL)) ExitProcess(255);
    }
  }
  ExitProcess(0);
}
