package main

func (l *lab) applications() {}
func (l *lab) linters()      {}
