print("pfedla")
