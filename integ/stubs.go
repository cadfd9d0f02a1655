package main

func (l *lab) lambda()       {}
func (l *lab) grants()       {}
func (l *lab) appRunner()    {}
func (l *lab) switching()    {}
func (l *lab) applications() {}
func (l *lab) linters()      {}
