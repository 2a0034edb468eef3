#include <cstdio>

int main() {
  std::puts("traincast 0.1.0");
  return 0;
}
