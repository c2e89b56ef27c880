from bench.contenders.serve import main

main()
