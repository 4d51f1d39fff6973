/* The agent of the tests with Wine: passes each connection of the named pipe of OpenSSH's agent to the loopback port in argv[1]. */

#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static const char *NAME = "\\\\.\\pipe\\openssh-ssh-agent";
static char bytes[65536];

/* Returns whether these bytes are a whole message: a length of 4 bytes, and as many bytes. */
static BOOL is_whole(DWORD length) {
  return length >= 4 && length >= 4 + ((DWORD)(unsigned char)bytes[2] << 8 | (unsigned char)bytes[3]);
}

static void serve(HANDLE pipe, unsigned short port) {
  struct sockaddr_in address = {0};
  SOCKET agent = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = inet_addr("127.0.0.1");
  if (connect(agent, (struct sockaddr *)&address, sizeof address) == 0) {
    DWORD length = 0, count;
    int received;
    while (!is_whole(length) && ReadFile(pipe, bytes + length, sizeof bytes - length, &count, NULL)) length += count;
    send(agent, bytes, (int)length, 0);
    length = 0;
    while (!is_whole(length) && (received = recv(agent, bytes + length, (int)(sizeof bytes - length), 0)) > 0) length += received;
    WriteFile(pipe, bytes, length, &count, NULL);
    FlushFileBuffers(pipe);
  }
  closesocket(agent);
}

int main(int count, char **words) {
  WSADATA data;
  (void)count;
  WSAStartup(MAKEWORD(2, 2), &data);
  for (;;) {
    HANDLE pipe = CreateNamedPipeA(NAME, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT, 4, 65536, 65536, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE) return 1;
    puts("listening");
    fflush(stdout);
    if (ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED) serve(pipe, (unsigned short)atoi(words[1]));
    DisconnectNamedPipe(pipe);
    CloseHandle(pipe);
  }
}
